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
    <message numerus="yes">
        <source>%n thing(s) to look at: {names}.</source>
        <translation>
            <numerusform>%n thing to look at: {names}.</numerusform>
            <numerusform>%n things to look at: {names}.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n association(s) in the last day</source>
        <translation>
            <numerusform>%n association in the last day</numerusform>
            <numerusform>%n associations in the last day</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n STOW-RS request(s) in the last day</source>
        <translation>
            <numerusform>%n STOW-RS request in the last day</numerusform>
            <numerusform>%n STOW-RS requests in the last day</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n waiting</source>
        <translation>
            <numerusform>%n waiting</numerusform>
            <numerusform>%n waiting</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{said}; %n dead</source>
        <translation>
            <numerusform>{said}; %n dead</numerusform>
            <numerusform>{said}; %n dead</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{said}; %n held</source>
        <translation>
            <numerusform>{said}; %n held</numerusform>
            <numerusform>{said}; %n held</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n certificate(s); the first ends in {days} days</source>
        <translation>
            <numerusform>%n certificate; it ends in {days} days</numerusform>
            <numerusform>%n certificates; the first ends in {days} days</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n pseudonym(s) were written to {file}, readable by this account only.</source>
        <translation>
            <numerusform>%n pseudonym was written to {file}, readable by this account only.</numerusform>
            <numerusform>%n pseudonyms were written to {file}, readable by this account only.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n thing(s) would go, {size}; nothing was purged.</source>
        <translation>
            <numerusform>%n thing would go, {size}; nothing was purged.</numerusform>
            <numerusform>%n things would go, {size}; nothing was purged.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n fault(s)</source>
        <translation>
            <numerusform>%n fault</numerusform>
            <numerusform>%n faults</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n set</source>
        <translation>
            <numerusform>%n set</numerusform>
            <numerusform>%n set</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n day(s)</source>
        <translation>
            <numerusform>%n day</numerusform>
            <numerusform>%n days</numerusform>
        </translation>
    </message>
</context>
</TS>
