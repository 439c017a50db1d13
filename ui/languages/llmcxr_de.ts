<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="de" sourcelanguage="en">
<context>
    <name></name>
    <message>
        <source>Film</source>
        <translation>Aufnahme</translation>
    </message>
    <message>
        <source>Patient</source>
        <translation>Patient</translation>
    </message>
    <message>
        <source>Study</source>
        <translation>Studie</translation>
    </message>
    <message>
        <source>User</source>
        <translation>Benutzer</translation>
    </message>
    <message>
        <source>Pages and settings</source>
        <translation>Seiten und Einstellungen</translation>
    </message>
    <message>
        <source>Research use only · not for diagnosis</source>
        <translation>Nur für die Forschung · nicht für die Diagnose</translation>
    </message>
    <message>
        <source>Lock</source>
        <translation>Sperren</translation>
    </message>
    <message>
        <source>Lock the window</source>
        <translation>Fenster sperren</translation>
    </message>
    <message>
        <source>Pages and settings, now: {page}</source>
        <translation>Seiten und Einstellungen, jetzt: {page}</translation>
    </message>
    <message>
        <source>No study open</source>
        <translation>Keine Studie geöffnet</translation>
    </message>
    <message>
        <source>Acc. {number}</source>
        <translation>Auftragsnr. {number}</translation>
    </message>
    <message>
        <source>on the film</source>
        <translation>auf der Aufnahme</translation>
    </message>
    <message>
        <source>anywhere</source>
        <translation>überall</translation>
    </message>
    <message>
        <source>Keys</source>
        <translation>Tasten</translation>
    </message>
    <message>
        <source>Search the keys</source>
        <translation>Tasten durchsuchen</translation>
    </message>
    <message>
        <source>Search action or key</source>
        <translation>Aktion oder Taste suchen</translation>
    </message>
    <message>
        <source>Change…</source>
        <translation>Ändern…</translation>
    </message>
    <message>
        <source>Change the keys of the action</source>
        <translation>Tasten der Aktion ändern</translation>
    </message>
    <message>
        <source>Reset</source>
        <translation>Zurücksetzen</translation>
    </message>
    <message>
        <source>The keys that the action had at first</source>
        <translation>Die Tasten, die die Aktion anfangs hatte</translation>
    </message>
    <message>
        <source>Reset all</source>
        <translation>Alle zurücksetzen</translation>
    </message>
    <message>
        <source>All keys as they were at first</source>
        <translation>Alle Tasten wie am Anfang</translation>
    </message>
    <message>
        <source>Problem</source>
        <translation>Problem</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>Schließen</translation>
    </message>
    <message>
        <source>All keys</source>
        <translation>Alle Tasten</translation>
    </message>
    <message>
        <source>What</source>
        <translation>Was</translation>
    </message>
    <message>
        <source>Where</source>
        <translation>Wo</translation>
    </message>
    <message>
        <source>Change keys</source>
        <translation>Tasten ändern</translation>
    </message>
    <message>
        <source>Put the cursor into a field and press the key. An empty field is no key.</source>
        <translation>Setzen Sie den Cursor in ein Feld und drücken Sie die Taste. Ein leeres Feld heißt: keine Taste.</translation>
    </message>
    <message>
        <source>Key</source>
        <translation>Taste</translation>
    </message>
    <message>
        <source>Second key</source>
        <translation>Zweite Taste</translation>
    </message>
    <message>
        <source>Save</source>
        <translation>Speichern</translation>
    </message>
    <message>
        <source>Save the keys</source>
        <translation>Tasten speichern</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>Dark</source>
        <translation>Dunkel</translation>
    </message>
    <message>
        <source>Light</source>
        <translation>Hell</translation>
    </message>
    <message>
        <source>Colours</source>
        <translation>Farben</translation>
    </message>
    <message>
        <source>Dark for a reading room, light for a bright one. The film stays on black.</source>
        <translation>Dunkel für den Befundraum, hell für helle Räume. Die Aufnahme bleibt auf Schwarz.</translation>
    </message>
    <message>
        <source>Size of the text</source>
        <translation>Größe der Schrift</translation>
    </message>
    <message>
        <source>Everything in the window grows with it but the film.</source>
        <translation>Alles im Fenster wächst mit, nur die Aufnahme nicht.</translation>
    </message>
    <message>
        <source>As the system</source>
        <translation>Wie das System</translation>
    </message>
    <message>
        <source>Language</source>
        <translation>Sprache</translation>
    </message>
    <message>
        <source>Reports and what the model says stay in the language they are written in.</source>
        <translation>Befunde und was das Modell sagt, bleiben in der Sprache, in der sie geschrieben sind.</translation>
    </message>
    <message>
        <source>Film in a window of its own</source>
        <translation>Aufnahme in einem eigenen Fenster</translation>
    </message>
    <message>
        <source>For a second monitor. Each window comes back to the screen it was on, when that is there.</source>
        <translation>Für einen zweiten Bildschirm. Jedes Fenster kommt auf den Bildschirm zurück, auf dem es war, wenn er da ist.</translation>
    </message>
    <message>
        <source>as soon as it is chosen</source>
        <translation>sobald sie gewählt ist</translation>
    </message>
    <message>
        <source>with Enter or a double click</source>
        <translation>mit Enter oder Doppelklick</translation>
    </message>
    <message>
        <source>A study opens</source>
        <translation>Eine Studie öffnet sich</translation>
    </message>
    <message>
        <source>With Enter you can walk through the worklist by the arrow keys without holding any study.</source>
        <translation>Mit Enter können Sie mit den Pfeiltasten durch die Arbeitsliste gehen, ohne eine Studie zu belegen.</translation>
    </message>
    <message>
        <source>Preferences</source>
        <translation>Einstellungen</translation>
    </message>
    <message>
        <source>All settings as they were at first</source>
        <translation>Alle Einstellungen wie am Anfang</translation>
    </message>
    <message>
        <source>Second window of the list</source>
        <translation>Zweite Fensterung der Liste</translation>
    </message>
    <message>
        <source>Third window of the list</source>
        <translation>Dritte Fensterung der Liste</translation>
    </message>
    <message>
        <source>Fourth window of the list</source>
        <translation>Vierte Fensterung der Liste</translation>
    </message>
    <message>
        <source>Fifth window of the list</source>
        <translation>Fünfte Fensterung der Liste</translation>
    </message>
    <message>
        <source>Sixth window of the list</source>
        <translation>Sechste Fensterung der Liste</translation>
    </message>
    <message>
        <source>Seventh window of the list</source>
        <translation>Siebte Fensterung der Liste</translation>
    </message>
    <message>
        <source>Eighth window of the list</source>
        <translation>Achte Fensterung der Liste</translation>
    </message>
    <message>
        <source>Ninth window of the list</source>
        <translation>Neunte Fensterung der Liste</translation>
    </message>
    <message>
        <source>Fit the film into the view</source>
        <translation>Aufnahme einpassen</translation>
    </message>
    <message>
        <source>One film pixel on one screen pixel</source>
        <translation>Ein Bildpunkt auf einen Bildschirmpunkt</translation>
    </message>
    <message>
        <source>Zoom in</source>
        <translation>Vergrößern</translation>
    </message>
    <message>
        <source>Zoom out</source>
        <translation>Verkleinern</translation>
    </message>
    <message>
        <source>Invert grey levels</source>
        <translation>Grauwerte umkehren</translation>
    </message>
    <message>
        <source>Mirror left to right</source>
        <translation>Seitlich spiegeln</translation>
    </message>
    <message>
        <source>Mirror upside down</source>
        <translation>Oben und unten spiegeln</translation>
    </message>
    <message>
        <source>Rotate to the right</source>
        <translation>Nach rechts drehen</translation>
    </message>
    <message>
        <source>Rotate to the left</source>
        <translation>Nach links drehen</translation>
    </message>
    <message>
        <source>Next stored or computed window</source>
        <translation>Nächste gespeicherte oder berechnete Fensterung</translation>
    </message>
    <message>
        <source>Everything as stored</source>
        <translation>Alles wie gespeichert</translation>
    </message>
    <message>
        <source>Next film of the study</source>
        <translation>Nächste Aufnahme der Studie</translation>
    </message>
    <message>
        <source>Previous film of the study</source>
        <translation>Vorige Aufnahme der Studie</translation>
    </message>
    <message>
        <source>Next study on the worklist</source>
        <translation>Nächste Studie der Arbeitsliste</translation>
    </message>
    <message>
        <source>Previous study on the worklist</source>
        <translation>Vorige Studie der Arbeitsliste</translation>
    </message>
    <message>
        <source>Search the worklist</source>
        <translation>Arbeitsliste durchsuchen</translation>
    </message>
    <message>
        <source>Go to the worklist</source>
        <translation>Zur Arbeitsliste</translation>
    </message>
    <message>
        <source>Go to the film</source>
        <translation>Zur Aufnahme</translation>
    </message>
    <message>
        <source>Go to the report</source>
        <translation>Zum Befund</translation>
    </message>
    <message>
        <source>Go to the question box</source>
        <translation>Zum Fragefeld</translation>
    </message>
    <message>
        <source>Go to the findings</source>
        <translation>Zum Befundteil</translation>
    </message>
    <message>
        <source>Go to the impression</source>
        <translation>Zur Beurteilung</translation>
    </message>
    <message>
        <source>Undo in the report: words, macros, accepted and restored changes</source>
        <translation>Im Befund rückgängig machen: Wörter, Textbausteine, angenommene und zurückgeholte Änderungen</translation>
    </message>
    <message>
        <source>Do again what was undone</source>
        <translation>Rückgängig Gemachtes wiederherstellen</translation>
    </message>
    <message>
        <source>Find in the report</source>
        <translation>Im Befund suchen</translation>
    </message>
    <message>
        <source>Expand the macro before the cursor, or choose one (also Tab)</source>
        <translation>Textbaustein vor dem Cursor einsetzen oder einen wählen (auch Tab)</translation>
    </message>
    <message>
        <source>Edit my macros</source>
        <translation>Meine Textbausteine bearbeiten</translation>
    </message>
    <message>
        <source>Show the report with or without marks</source>
        <translation>Befund mit oder ohne Markierungen zeigen</translation>
    </message>
    <message>
        <source>Show the draft after an own impression (reader first)</source>
        <translation>Entwurf nach der eigenen Beurteilung zeigen (erst selbst lesen)</translation>
    </message>
    <message>
        <source>Go to the next change against the AI text</source>
        <translation>Zur nächsten Änderung gegenüber dem KI-Text</translation>
    </message>
    <message>
        <source>Go to the previous change</source>
        <translation>Zur vorigen Änderung</translation>
    </message>
    <message>
        <source>Keep the change at the cursor and mark it no more</source>
        <translation>Änderung am Cursor behalten und nicht mehr markieren</translation>
    </message>
    <message>
        <source>Put the AI&apos;s sentence back at the cursor</source>
        <translation>Den Satz der KI am Cursor zurückholen</translation>
    </message>
    <message>
        <source>Keep all changes</source>
        <translation>Alle Änderungen behalten</translation>
    </message>
    <message>
        <source>Show or hide the AI&apos;s own words</source>
        <translation>Den Wortlaut der KI zeigen oder verbergen</translation>
    </message>
    <message>
        <source>Reject the draft with a reason</source>
        <translation>Entwurf mit Begründung ablehnen</translation>
    </message>
    <message>
        <source>Sign the report</source>
        <translation>Befund signieren</translation>
    </message>
    <message>
        <source>Show all keys</source>
        <translation>Alle Tasten zeigen</translation>
    </message>
    <message>
        <source>Close the window</source>
        <translation>Fenster schließen</translation>
    </message>
    <message>
        <source>Window as stored</source>
        <translation>Fensterung wie gespeichert</translation>
    </message>
    <message>
        <source>What the model saw, and back</source>
        <translation>Was das Modell sah, und zurück</translation>
    </message>
    <message>
        <source>Measure lengths: drag, or arrows and Return</source>
        <translation>Längen messen: ziehen, oder Pfeiltasten und Enter</translation>
    </message>
    <message>
        <source>Remove the last length</source>
        <translation>Letzte Länge entfernen</translation>
    </message>
    <message>
        <source>Magnifier</source>
        <translation>Lupe</translation>
    </message>
    <message>
        <source>Prior film side by side, or alone again</source>
        <translation>Voraufnahme daneben, oder wieder allein</translation>
    </message>
    <message>
        <source>Swap the sides of film and prior</source>
        <translation>Seiten von Aufnahme und Voraufnahme tauschen</translation>
    </message>
    <message>
        <source>Look further to the left</source>
        <translation>Weiter nach links</translation>
    </message>
    <message>
        <source>Look further to the right</source>
        <translation>Weiter nach rechts</translation>
    </message>
    <message>
        <source>Look further up</source>
        <translation>Weiter nach oben</translation>
    </message>
    <message>
        <source>Look further down</source>
        <translation>Weiter nach unten</translation>
    </message>
    <message>
        <source>Narrower window (more contrast)</source>
        <translation>Engeres Fenster (mehr Kontrast)</translation>
    </message>
    <message>
        <source>Wider window (less contrast)</source>
        <translation>Weiteres Fenster (weniger Kontrast)</translation>
    </message>
    <message>
        <source>Lower level (brighter)</source>
        <translation>Niedrigere Fenstermitte (heller)</translation>
    </message>
    <message>
        <source>Higher level (darker)</source>
        <translation>Höhere Fenstermitte (dunkler)</translation>
    </message>
    <message>
        <source>Go to the reading page</source>
        <translation>Zur Befundseite</translation>
    </message>
    <message>
        <source>Saved filters of the worklist</source>
        <translation>Gespeicherte Filter der Arbeitsliste</translation>
    </message>
    <message>
        <source>Columns and order of the worklist</source>
        <translation>Spalten und Reihenfolge der Arbeitsliste</translation>
    </message>
    <message>
        <source>Hide the worklist, or show it again</source>
        <translation>Arbeitsliste verbergen oder wieder zeigen</translation>
    </message>
    <message>
        <source>Larger text</source>
        <translation>Größere Schrift</translation>
    </message>
    <message>
        <source>Smaller text</source>
        <translation>Kleinere Schrift</translation>
    </message>
    <message>
        <source>Film in a window of its own, or back</source>
        <translation>Aufnahme in ein eigenes Fenster, oder zurück</translation>
    </message>
    <message>
        <source>Left drag</source>
        <translation>Links ziehen</translation>
    </message>
    <message>
        <source>Window: sideways width, up and down level (Shift: fine steps)</source>
        <translation>Fensterung: seitlich die Breite, auf und ab die Mitte (Umschalt: feine Schritte)</translation>
    </message>
    <message>
        <source>Double click</source>
        <translation>Doppelklick</translation>
    </message>
    <message>
        <source>Middle drag, or Space + left drag</source>
        <translation>Mitte ziehen, oder Leertaste + links ziehen</translation>
    </message>
    <message>
        <source>Move the film</source>
        <translation>Aufnahme verschieben</translation>
    </message>
    <message>
        <source>Right drag, or Ctrl + wheel</source>
        <translation>Rechts ziehen, oder Strg + Rad</translation>
    </message>
    <message>
        <source>Zoom at the pointer</source>
        <translation>Am Zeiger vergrößern</translation>
    </message>
    <message>
        <source>Wheel</source>
        <translation>Rad</translation>
    </message>
    <message>
        <source>Next or previous film of the study</source>
        <translation>Nächste oder vorige Aufnahme der Studie</translation>
    </message>
    <message>
        <source>{key} alone would swallow what is typed into a report.</source>
        <translation>{key} allein würde verschlucken, was in den Befund getippt wird.</translation>
    </message>
    <message>
        <source>Take a key with Ctrl or Alt, or a function key.</source>
        <translation>Nehmen Sie eine Taste mit Strg oder Alt, oder eine Funktionstaste.</translation>
    </message>
    <message>
        <source>The film takes no difference between {key} and the same key without Shift.</source>
        <translation>Die Aufnahme unterscheidet nicht zwischen {key} und derselben Taste ohne Umschalt.</translation>
    </message>
    <message>
        <source>Choose a key without Shift, or one with Ctrl or Alt.</source>
        <translation>Wählen Sie eine Taste ohne Umschalt, oder eine mit Strg oder Alt.</translation>
    </message>
    <message>
        <source>{key} is needed for typing and for walking through the window.</source>
        <translation>{key} wird zum Tippen und zum Gehen durch das Fenster gebraucht.</translation>
    </message>
    <message>
        <source>Choose another key.</source>
        <translation>Wählen Sie eine andere Taste.</translation>
    </message>
    <message>
        <source>{key} is taken: {action}.</source>
        <translation>{key} ist vergeben: {action}.</translation>
    </message>
    <message>
        <source>Choose another key, or give that action another one first.</source>
        <translation>Wählen Sie eine andere Taste, oder geben Sie jener Aktion zuerst eine andere.</translation>
    </message>
    <message>
        <source>female</source>
        <translation>weiblich</translation>
    </message>
    <message>
        <source>male</source>
        <translation>männlich</translation>
    </message>
    <message>
        <source>other</source>
        <translation>divers</translation>
    </message>
    <message>
        <source>{count} d</source>
        <translation>{count} d</translation>
    </message>
    <message>
        <source>{count} h</source>
        <translation>{count} Std</translation>
    </message>
    <message>
        <source>{count} min</source>
        <translation>{count} Min</translation>
    </message>
    <message>
        <source>(no name)</source>
        <translation>(kein Name)</translation>
    </message>
    <message>
        <source>{years} y</source>
        <translation>{years} J</translation>
    </message>
    <message>
        <source>{months} mo</source>
        <translation>{months} Mon</translation>
    </message>
    <message>
        <source>born {date}</source>
        <translation>geb. {date}</translation>
    </message>
    <message>
        <source>ID {number}</source>
        <translation>ID {number}</translation>
    </message>
    <message>
        <source>now</source>
        <translation>jetzt</translation>
    </message>
    <message>
        <source>This key works on the reading page only.</source>
        <translation>Diese Taste wirkt nur auf der Befundseite.</translation>
    </message>
    <message>
        <source>Reading</source>
        <translation>Befunden</translation>
    </message>
    <message>
        <source>Loading the film…</source>
        <translation>Die Aufnahme wird geladen…</translation>
    </message>
    <message>
        <source>No study chosen</source>
        <translation>Keine Studie gewählt</translation>
    </message>
    <message>
        <source>Columns of the worklist</source>
        <translation>Spalten der Arbeitsliste</translation>
    </message>
    <message>
        <source>Columns, ticked where shown</source>
        <translation>Spalten, angehakt wo gezeigt</translation>
    </message>
    <message>
        <source>Up</source>
        <translation>Hinauf</translation>
    </message>
    <message>
        <source>Move the column to the left</source>
        <translation>Spalte nach links rücken</translation>
    </message>
    <message>
        <source>Down</source>
        <translation>Hinunter</translation>
    </message>
    <message>
        <source>Move the column to the right</source>
        <translation>Spalte nach rechts rücken</translation>
    </message>
    <message>
        <source>Columns as they were at first</source>
        <translation>Spalten wie am Anfang</translation>
    </message>
    <message>
        <source>Sort by</source>
        <translation>Sortieren nach</translation>
    </message>
    <message>
        <source>Order of the rows</source>
        <translation>Reihenfolge der Zeilen</translation>
    </message>
    <message>
        <source>upwards</source>
        <translation>aufsteigend</translation>
    </message>
    <message>
        <source>downwards</source>
        <translation>absteigend</translation>
    </message>
    <message>
        <source>Apply</source>
        <translation>Anwenden</translation>
    </message>
    <message>
        <source>Apply the columns</source>
        <translation>Spalten anwenden</translation>
    </message>
    <message>
        <source>Images are still coming in. The study is drafted when none has come for a while.</source>
        <translation>Es kommen noch Bilder. Der Entwurf wird gemacht, wenn eine Weile keines mehr kommt.</translation>
    </message>
    <message>
        <source>All images are here. The draft waits for the engine.</source>
        <translation>Alle Bilder sind da. Der Entwurf wartet auf den KI-Dienst.</translation>
    </message>
    <message>
        <source>The engine is reading the film.</source>
        <translation>Der KI-Dienst liest die Aufnahme.</translation>
    </message>
    <message>
        <source>A draft is ready to be read.</source>
        <translation>Ein Entwurf liegt zum Lesen bereit.</translation>
    </message>
    <message>
        <source>A reader has begun to edit the draft.</source>
        <translation>Jemand hat begonnen, den Entwurf zu bearbeiten.</translation>
    </message>
    <message>
        <source>The report is signed. Its delivery to the PACS isn&apos;t confirmed yet.</source>
        <translation>Der Befund ist signiert. Seine Ablage im PACS ist noch nicht bestätigt.</translation>
    </message>
    <message>
        <source>The report is signed and the PACS has confirmed that it keeps it.</source>
        <translation>Der Befund ist signiert, und das PACS hat bestätigt, dass es ihn aufbewahrt.</translation>
    </message>
    <message>
        <source>The report was retracted.</source>
        <translation>Der Befund wurde zurückgezogen.</translation>
    </message>
    <message>
        <source>The signature waits for the node, which first asks the PACS who the patient is.</source>
        <translation>Die Signatur wartet auf den Knoten, der zuerst das PACS fragt, wer der Patient ist.</translation>
    </message>
    <message>
        <source>The AI draft is withheld; write the report yourself.</source>
        <translation>Der KI-Entwurf wird zurückgehalten; schreiben Sie den Befund selbst.</translation>
    </message>
    <message>
        <source>The AI draft was rejected; write the report yourself.</source>
        <translation>Der KI-Entwurf wurde abgelehnt; schreiben Sie den Befund selbst.</translation>
    </message>
    <message>
        <source>The signature was refused; open the study for the reason.</source>
        <translation>Die Signatur wurde verweigert; öffnen Sie die Studie für den Grund.</translation>
    </message>
    <message>
        <source>The order asks for it at once (STAT).</source>
        <translation>Der Auftrag verlangt sie sofort (STAT).</translation>
    </message>
    <message>
        <source>The order asks for it with high priority.</source>
        <translation>Der Auftrag verlangt sie mit hoher Priorität.</translation>
    </message>
    <message>
        <source>A second network and the draft disagree about this film.</source>
        <translation>Ein zweites Netz und der Entwurf sind über diese Aufnahme uneins.</translation>
    </message>
    <message>
        <source>A second network calls this film abnormal.</source>
        <translation>Ein zweites Netz nennt diese Aufnahme auffällig.</translation>
    </message>
    <message>
        <source>Images came after the signature: look at them and write an addendum.</source>
        <translation>Nach der Signatur kamen Bilder: sehen Sie sie an und schreiben Sie einen Nachtrag.</translation>
    </message>
    <message>
        <source>Held by {name} since {time}.</source>
        <translation>Belegt von {name} seit {time}.</translation>
    </message>
    <message>
        <source>Held by {name}.</source>
        <translation>Belegt von {name}.</translation>
    </message>
    <message numerus="yes">
        <source>%n image(s)</source>
        <translation>
            <numerusform>%n Bild</numerusform>
            <numerusform>%n Bilder</numerusform>
        </translation>
    </message>
    <message>
        <source>from {peer}</source>
        <translation>von {peer}</translation>
    </message>
    <message>
        <source>Order</source>
        <translation>Auftrag</translation>
    </message>
    <message>
        <source>Referred by</source>
        <translation>Überwiesen von</translation>
    </message>
    <message>
        <source>Received</source>
        <translation>Eingang</translation>
    </message>
    <message>
        <source>All</source>
        <translation>Alle</translation>
    </message>
    <message>
        <source>To read</source>
        <translation>Zu lesen</translation>
    </message>
    <message>
        <source>Coming</source>
        <translation>Unterwegs</translation>
    </message>
    <message>
        <source>Problems</source>
        <translation>Probleme</translation>
    </message>
    <message>
        <source>Done</source>
        <translation>Fertig</translation>
    </message>
    <message>
        <source>Filter of the worklist</source>
        <translation>Filter der Arbeitsliste</translation>
    </message>
    <message>
        <source>Name of the filter</source>
        <translation>Name des Filters</translation>
    </message>
    <message>
        <source>Words that must be in the row</source>
        <translation>Wörter, die in der Zeile stehen müssen</translation>
    </message>
    <message>
        <source>State: {name}</source>
        <translation>Stand: {name}</translation>
    </message>
    <message>
        <source>only what I hold</source>
        <translation>nur was ich belege</translation>
    </message>
    <message>
        <source>Only what I hold</source>
        <translation>Nur was ich belege</translation>
    </message>
    <message>
        <source>only urgent and raised</source>
        <translation>nur dringend und erhöht</translation>
    </message>
    <message>
        <source>Only urgent and raised</source>
        <translation>Nur dringend und erhöht</translation>
    </message>
    <message>
        <source>Received within so many hours</source>
        <translation>Eingegangen in so vielen Stunden</translation>
    </message>
    <message>
        <source>h</source>
        <translation>Std</translation>
    </message>
    <message>
        <source>any time</source>
        <translation>jederzeit</translation>
    </message>
    <message>
        <source>Name</source>
        <translation>Name</translation>
    </message>
    <message>
        <source>States</source>
        <translation>Stand</translation>
    </message>
    <message>
        <source>With the words</source>
        <translation>Mit den Wörtern</translation>
    </message>
    <message>
        <source>And</source>
        <translation>Und</translation>
    </message>
    <message>
        <source>Received within</source>
        <translation>Eingang innerhalb</translation>
    </message>
    <message>
        <source>Save the filter</source>
        <translation>Filter speichern</translation>
    </message>
    <message>
        <source>Saved filters</source>
        <translation>Gespeicherte Filter</translation>
    </message>
    <message>
        <source>Change the filter</source>
        <translation>Filter ändern</translation>
    </message>
    <message>
        <source>Delete</source>
        <translation>Löschen</translation>
    </message>
    <message>
        <source>Delete the filter</source>
        <translation>Filter löschen</translation>
    </message>
    <message>
        <source>Move the filter up</source>
        <translation>Filter hinaufrücken</translation>
    </message>
    <message>
        <source>Move the filter down</source>
        <translation>Filter hinunterrücken</translation>
    </message>
    <message>
        <source>set at log-in</source>
        <translation>bei der Anmeldung gesetzt</translation>
    </message>
    <message>
        <source>Set this filter at log-in</source>
        <translation>Diesen Filter bei der Anmeldung setzen</translation>
    </message>
    <message>
        <source>{name} (set at log-in)</source>
        <translation>{name} (bei der Anmeldung gesetzt)</translation>
    </message>
    <message>
        <source>State</source>
        <translation>Stand</translation>
    </message>
    <message>
        <source>State of the study, and who holds it</source>
        <translation>Stand der Studie, und wer sie belegt</translation>
    </message>
    <message>
        <source>Patient and accession number</source>
        <translation>Patient und Auftragsnummer</translation>
    </message>
    <message>
        <source>View and time of the study</source>
        <translation>Projektion und Zeit der Studie</translation>
    </message>
    <message>
        <source>Draft</source>
        <translation>Entwurf</translation>
    </message>
    <message>
        <source>The model&apos;s confidence in the draft&apos;s wording (not in a diagnosis), and the draft&apos;s age</source>
        <translation>Wie sicher sich das Modell des Wortlauts ist (nicht einer Diagnose), und das Alter des Entwurfs</translation>
    </message>
    <message>
        <source>Priority</source>
        <translation>Priorität</translation>
    </message>
    <message>
        <source>How urgent the study is, and why</source>
        <translation>Wie dringend die Studie ist, und warum</translation>
    </message>
    <message>
        <source>Accession</source>
        <translation>Auftragsnr.</translation>
    </message>
    <message>
        <source>Accession number</source>
        <translation>Auftragsnummer</translation>
    </message>
    <message>
        <source>View</source>
        <translation>Projektion</translation>
    </message>
    <message>
        <source>View of the film that is drafted</source>
        <translation>Projektion der Aufnahme des Entwurfs</translation>
    </message>
    <message>
        <source>Study time</source>
        <translation>Studienzeit</translation>
    </message>
    <message>
        <source>Date and time of the study</source>
        <translation>Datum und Zeit der Studie</translation>
    </message>
    <message>
        <source>Draft age</source>
        <translation>Alter des Entwurfs</translation>
    </message>
    <message>
        <source>How long ago the draft was made</source>
        <translation>Vor wie langer Zeit der Entwurf gemacht wurde</translation>
    </message>
    <message>
        <source>Confidence</source>
        <translation>Sicherheit</translation>
    </message>
    <message>
        <source>The model&apos;s confidence in the draft&apos;s wording (not in a diagnosis)</source>
        <translation>Wie sicher sich das Modell des Wortlauts ist (nicht einer Diagnose)</translation>
    </message>
    <message>
        <source>Held by</source>
        <translation>Belegt von</translation>
    </message>
    <message>
        <source>Who reads the study now, and since when</source>
        <translation>Wer die Studie jetzt liest, und seit wann</translation>
    </message>
    <message>
        <source>When the first image came, and from where</source>
        <translation>Wann das erste Bild kam, und von wo</translation>
    </message>
    <message>
        <source>What was ordered</source>
        <translation>Was angefordert wurde</translation>
    </message>
    <message>
        <source>Who asked for the study</source>
        <translation>Wer die Studie angefordert hat</translation>
    </message>
    <message>
        <source>held by {name}</source>
        <translation>belegt von {name}</translation>
    </message>
    <message>
        <source>no accession no.</source>
        <translation>ohne Auftragsnr.</translation>
    </message>
    <message>
        <source>draft confidence {value}</source>
        <translation>Sicherheit des Entwurfs {value}</translation>
    </message>
    <message>
        <source>view {value}</source>
        <translation>Projektion {value}</translation>
    </message>
    <message>
        <source>priority {value}</source>
        <translation>Priorität {value}</translation>
    </message>
    <message>
        <source>Search patient, accession, view, state</source>
        <translation>Patient, Auftrag, Projektion, Stand suchen</translation>
    </message>
    <message>
        <source>Worklist</source>
        <translation>Arbeitsliste</translation>
    </message>
    <message>
        <source>Show: {name}</source>
        <translation>Zeigen: {name}</translation>
    </message>
    <message>
        <source>Saved filters and columns</source>
        <translation>Gespeicherte Filter und Spalten</translation>
    </message>
    <message>
        <source>{name} {count}</source>
        <translation>{name} {count}</translation>
    </message>
    <message>
        <source>Save this filter…</source>
        <translation>Diesen Filter speichern…</translation>
    </message>
    <message>
        <source>Change filters…</source>
        <translation>Filter ändern…</translation>
    </message>
    <message>
        <source>Columns and order…</source>
        <translation>Spalten und Reihenfolge…</translation>
    </message>
    <message>
        <source>Filter: {name}</source>
        <translation>Filter: {name}</translation>
    </message>
    <message>
        <source>Filters</source>
        <translation>Filter</translation>
    </message>
    <message>
        <source>No study fits the search and the filter.</source>
        <translation>Keine Studie passt zu Suche und Filter.</translation>
    </message>
    <message>
        <source>No study has come yet.</source>
        <translation>Es ist noch keine Studie gekommen.</translation>
    </message>
    <message>
        <source>Urgent</source>
        <translation>Dringend</translation>
    </message>
    <message>
        <source>Raised</source>
        <translation>Erhöht</translation>
    </message>
    <message>
        <source>Normal</source>
        <translation>Normal</translation>
    </message>
    <message>
        <source>Low</source>
        <translation>Niedrig</translation>
    </message>
    <message>
        <source>Late images</source>
        <translation>Späte Bilder</translation>
    </message>
    <message>
        <source>Order: STAT</source>
        <translation>Auftrag: STAT</translation>
    </message>
    <message>
        <source>Order: high</source>
        <translation>Auftrag: hoch</translation>
    </message>
    <message>
        <source>AI disagrees</source>
        <translation>KI uneins</translation>
    </message>
    <message>
        <source>AI: abnormal</source>
        <translation>KI: auffällig</translation>
    </message>
    <message>
        <source>Order: low</source>
        <translation>Auftrag: niedrig</translation>
    </message>
    <message>
        <source>Needs addendum</source>
        <translation>Braucht Nachtrag</translation>
    </message>
    <message>
        <source>Refused</source>
        <translation>Verweigert</translation>
    </message>
    <message>
        <source>Signing</source>
        <translation>Wird signiert</translation>
    </message>
    <message>
        <source>Receiving</source>
        <translation>Empfang läuft</translation>
    </message>
    <message>
        <source>In the queue</source>
        <translation>In der Warteschlange</translation>
    </message>
    <message>
        <source>Being drafted</source>
        <translation>Im Entwurf</translation>
    </message>
    <message>
        <source>Draft ready</source>
        <translation>Entwurf bereit</translation>
    </message>
    <message>
        <source>In review</source>
        <translation>In Arbeit</translation>
    </message>
    <message>
        <source>Signed</source>
        <translation>Signiert</translation>
    </message>
    <message>
        <source>Confirmed</source>
        <translation>Bestätigt</translation>
    </message>
    <message>
        <source>Not drafted</source>
        <translation>Kein Entwurf</translation>
    </message>
    <message>
        <source>Failed</source>
        <translation>Fehlgeschlagen</translation>
    </message>
    <message>
        <source>Retracted</source>
        <translation>Zurückgezogen</translation>
    </message>
    <message>
        <source>Withheld</source>
        <translation>Zurückgehalten</translation>
    </message>
    <message>
        <source>Draft rejected</source>
        <translation>Entwurf abgelehnt</translation>
    </message>
    <message>
        <source>Preliminary</source>
        <translation>Vorläufig</translation>
    </message>
    <message>
        <source>Working with the database…</source>
        <translation>Arbeit mit der Datenbank…</translation>
    </message>
    <message>
        <source>Reading a film…</source>
        <translation>Eine Aufnahme wird gelesen…</translation>
    </message>
    <message>
        <source>Under way</source>
        <translation>Im Gange</translation>
    </message>
    <message>
        <source>{what} {seconds} s</source>
        <translation>{what} {seconds} s</translation>
    </message>
</context>
</TS>
