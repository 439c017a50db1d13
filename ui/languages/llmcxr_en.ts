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
</context>
</TS>
