<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="en" sourcelanguage="en">
<context>
    <name></name>
    <message numerus="yes">
        <source>%n image(s)</source>
        <translation>
            <numerusform>%n image</numerusform>
            <numerusform>%n images</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>The self-test ended early, after %n check(s). Run “llmcxr doctor” in a terminal.</source>
        <translation>
            <numerusform>The self-test ended early, after %n check. Run “llmcxr doctor” in a terminal.</numerusform>
            <numerusform>The self-test ended early, after %n checks. Run “llmcxr doctor” in a terminal.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n check(s) didn&apos;t pass; what to do stands beside them.</source>
        <translation>
            <numerusform>%n check didn&apos;t pass; what to do stands beside it.</numerusform>
            <numerusform>%n checks didn&apos;t pass; what to do stands beside them.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>All %n checks passed.</source>
        <translation>
            <numerusform>%n check passed.</numerusform>
            <numerusform>All %n checks passed.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>And %n more.</source>
        <translation>
            <numerusform>And %n more.</numerusform>
            <numerusform>And %n more.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Use at least %n characters for the password.</source>
        <translation>
            <numerusform>Use at least %n character for the password.</numerusform>
            <numerusform>Use at least %n characters for the password.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n engine(s) running</source>
        <translation>
            <numerusform>%n engine running</numerusform>
            <numerusform>%n engines running</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Prior: {date}, {view}, %n day(s) before</source>
        <translation>
            <numerusform>Prior: {date}, {view}, %n day before</numerusform>
            <numerusform>Prior: {date}, {view}, %n days before</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Later: {date}, {view}, %n day(s) after</source>
        <translation>
            <numerusform>Later: {date}, {view}, %n day after</numerusform>
            <numerusform>Later: {date}, {view}, %n days after</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n film(s)</source>
        <translation>
            <numerusform>%n film</numerusform>
            <numerusform>%n films</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n image(s) newer than this draft. A new draft follows by itself.</source>
        <translation>
            <numerusform>%n image is newer than this draft. A new draft follows by itself.</numerusform>
            <numerusform>%n images are newer than this draft. A new draft follows by itself.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n change(s)</source>
        <translation>
            <numerusform>%n change</numerusform>
            <numerusform>%n changes</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n draft(s) in this time, none signed or rejected yet.</source>
        <translation>
            <numerusform>%n draft in this time, none signed or rejected yet.</numerusform>
            <numerusform>%n drafts in this time, none signed or rejected yet.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n draft(s), {decided} decided: {accepted} signed word for word, {edited} edited, {rejected} rejected; {withheld} were withheld.</source>
        <translation>
            <numerusform>%n draft, {decided} decided: {accepted} signed word for word, {edited} edited, {rejected} rejected; {withheld} were withheld.</numerusform>
            <numerusform>%n drafts, {decided} decided: {accepted} signed word for word, {edited} edited, {rejected} rejected; {withheld} were withheld.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n draft(s) written to {file}, without texts or patients.</source>
        <translation>
            <numerusform>%n draft was written to {file}, without texts or patients.</numerusform>
            <numerusform>%n drafts were written to {file}, without texts or patients.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n of {total} sentence(s) are the AI&apos;s own, unedited.</source>
        <translation>
            <numerusform>%n of {total} sentences is the AI&apos;s own, unedited.</numerusform>
            <numerusform>%n of {total} sentences are the AI&apos;s own, unedited.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n film(s) of this study haven&apos;t been on the screen yet.</source>
        <translation>
            <numerusform>%n film of this study hasn&apos;t been on the screen yet.</numerusform>
            <numerusform>%n films of this study haven&apos;t been on the screen yet.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n document(s) are made anew; a fault that is left stands here again.</source>
        <translation>
            <numerusform>%n document is made anew; a fault that is left stands here again.</numerusform>
            <numerusform>%n documents are made anew; a fault that is left stands here again.</numerusform>
        </translation>
    </message>
</context>
</TS>
