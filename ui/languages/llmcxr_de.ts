<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="de" sourcelanguage="en">
<context>
    <name></name>
    <message>
        <source>drafted</source>
        <translation>entworfen</translation>
    </message>
    <message>
        <source>films; their headers stay</source>
        <translation>Aufnahmen; ihre Köpfe bleiben</translation>
    </message>
    <message>
        <source>films of priors; their headers stay</source>
        <translation>Aufnahmen von Voruntersuchungen; ihre Köpfe bleiben</translation>
    </message>
    <message>
        <source>drawn films</source>
        <translation>gezeichnete Aufnahmen</translation>
    </message>
    <message>
        <source>maps of sentences</source>
        <translation>Karten von Sätzen</translation>
    </message>
    <message>
        <source>reviewed files in quarantine</source>
        <translation>durchgesehene Dateien in Quarantäne</translation>
    </message>
    <message>
        <source>rests of interrupted receptions</source>
        <translation>Reste abgebrochener Empfänge</translation>
    </message>
    <message>
        <source>log files</source>
        <translation>Protokolldateien</translation>
    </message>
    <message>
        <source>confirmed</source>
        <translation>bestätigt</translation>
    </message>
    <message>
        <source>excluded</source>
        <translation>ausgeschlossen</translation>
    </message>
    <message>
        <source>retracted</source>
        <translation>zurückgezogen</translation>
    </message>
    <message>
        <source>What goes</source>
        <translation>Was geht</translation>
    </message>
    <message>
        <source>After days</source>
        <translation>Nach Tagen</translation>
    </message>
    <message>
        <source>Days while the disk is short</source>
        <translation>Tage bei knappem Platz</translation>
    </message>
    <message>
        <source>empty: never earlier</source>
        <translation>leer: nie früher</translation>
    </message>
    <message>
        <source>Of studies that are</source>
        <translation>Von Untersuchungen, die sind</translation>
    </message>
    <message>
        <source>somebody has its study open</source>
        <translation>jemand hat die Untersuchung offen</translation>
    </message>
    <message>
        <source>nobody has looked at its last images</source>
        <translation>die letzten Bilder hat niemand angesehen</translation>
    </message>
    <message>
        <source>images came after the report and wait for an addendum</source>
        <translation>nach dem Befund kamen Bilder, die auf einen Nachtrag warten</translation>
    </message>
    <message>
        <source>the rules weren&apos;t asked yet where it is forwarded to</source>
        <translation>die Regeln wurden noch nicht gefragt, wohin es weitergeleitet wird</translation>
    </message>
    <message>
        <source>it is being fetched to compare with</source>
        <translation>es wird gerade zum Vergleich geholt</translation>
    </message>
    <message>
        <source>an open study of its patient is compared with it</source>
        <translation>eine offene Studie der Person wird damit verglichen</translation>
    </message>
    <message>
        <source>a report of its study isn&apos;t signed</source>
        <translation>ein Befund der Untersuchung ist nicht unterschrieben</translation>
    </message>
    <message>
        <source>a request waits for the node</source>
        <translation>eine Anfrage wartet auf den Knoten</translation>
    </message>
    <message>
        <source>work for an engine isn&apos;t done</source>
        <translation>Arbeit für einen Modellrechner ist nicht getan</translation>
    </message>
    <message>
        <source>it is younger than the rule</source>
        <translation>es ist jünger, als die Regel verlangt</translation>
    </message>
    <message>
        <source>a retraction would need it</source>
        <translation>eine Rücknahme bräuchte es</translation>
    </message>
    <message>
        <source>nobody has reviewed it</source>
        <translation>niemand hat es durchgesehen</translation>
    </message>
    <message>
        <source>its process runs</source>
        <translation>sein Prozess läuft</translation>
    </message>
    <message>
        <source>receiving</source>
        <translation>Empfang läuft</translation>
    </message>
    <message>
        <source>complete</source>
        <translation>vollständig</translation>
    </message>
    <message>
        <source>drafting</source>
        <translation>wird entworfen</translation>
    </message>
    <message>
        <source>in review</source>
        <translation>in Arbeit</translation>
    </message>
    <message>
        <source>queued</source>
        <translation>wartet</translation>
    </message>
    <message>
        <source>sending</source>
        <translation>wird gesendet</translation>
    </message>
    <message>
        <source>identifying</source>
        <translation>würde den Patienten nennen</translation>
    </message>
    <message>
        <source>its study is in the state “{state}”</source>
        <translation>die Untersuchung ist im Zustand „{state}“</translation>
    </message>
    <message>
        <source>a delivery of its study is “{state}”</source>
        <translation>eine Sendung der Untersuchung ist „{state}“</translation>
    </message>
    <message>
        <source>its delivery is “{state}”</source>
        <translation>seine Sendung ist „{state}“</translation>
    </message>
    <message>
        <source>The courier doesn&apos;t run: nobody is looking, and nothing is purged.</source>
        <translation>Der Kurier läuft nicht: Niemand sieht nach, und nichts wird gelöscht.</translation>
    </message>
    <message>
        <source>The node looked last at {time}. {said}</source>
        <translation>Der Knoten sah zuletzt um {time} nach. {said}</translation>
    </message>
    <message>
        <source>The node looked last at {time}. The next look is due: it comes at once, or when what is being purged is gone.</source>
        <translation>Der Knoten sah zuletzt um {time} nach. Das nächste Nachsehen ist fällig: Es kommt sofort oder wenn weg ist, was gerade gelöscht wird.</translation>
    </message>
    <message>
        <source>What is purged, and after how many days. Without a rule nothing is. Whatever a rule says, nothing goes that is unsent, not confirmed, unsigned, held or open; a dry run says why each thing stays.</source>
        <translation>Was gelöscht wird und nach wie vielen Tagen. Ohne Regel wird nichts gelöscht. Was auch eine Regel sagt: Nichts geht, was nicht gesendet, nicht bestätigt, nicht unterschrieben, angehalten oder offen ist; ein Probelauf sagt, warum etwas bleibt.</translation>
    </message>
    <message>
        <source>Rules of retention</source>
        <translation>Regeln der Aufbewahrung</translation>
    </message>
    <message>
        <source>Disk short</source>
        <translation>Platz knapp</translation>
    </message>
    <message>
        <source>The chosen rule</source>
        <translation>Die gewählte Regel</translation>
    </message>
    <message>
        <source>Add a rule</source>
        <translation>Regel hinzufügen</translation>
    </message>
    <message>
        <source>Add a rule of retention</source>
        <translation>Eine Regel der Aufbewahrung hinzufügen</translation>
    </message>
    <message>
        <source>Remove the rule of retention</source>
        <translation>Die Regel der Aufbewahrung entfernen</translation>
    </message>
    <message>
        <source>Say what these rules would purge now; nothing is purged</source>
        <translation>Sagen, was diese Regeln jetzt löschen würden; gelöscht wird nichts</translation>
    </message>
    <message>
        <source>Free space below which rules purge earlier, GB</source>
        <translation>Freier Platz, unter dem Regeln früher löschen, GB</translation>
    </message>
    <message>
        <source>0: never</source>
        <translation>0: nie</translation>
    </message>
    <message>
        <source>What a dry run found</source>
        <translation>Was ein Probelauf fand</translation>
    </message>
    <message>
        <source>Would go</source>
        <translation>Ginge</translation>
    </message>
    <message>
        <source>Things</source>
        <translation>Stücke</translation>
    </message>
    <message>
        <source>Oldest, days</source>
        <translation>Ältestes, Tage</translation>
    </message>
    <message>
        <source>Why it stays</source>
        <translation>Warum es bleibt</translation>
    </message>
    <message>
        <source>What was purged</source>
        <translation>Was gelöscht wurde</translation>
    </message>
    <message>
        <source>while the disk was short</source>
        <translation>bei knappem Platz</translation>
    </message>
    <message>
        <source>All rules: short means less free than, GB</source>
        <translation>Alle Regeln: Knapp heißt, weniger ist frei als, GB</translation>
    </message>
    <message>
        <source>Dry run and purges</source>
        <translation>Probelauf und Löschungen</translation>
    </message>
    <message>
        <source>The node looked last at {time}, and looks again at {then}.</source>
        <translation>Der Knoten sah zuletzt um {time} nach und sieht um {then} wieder nach.</translation>
    </message>
    <message>
        <source>The running node hasn&apos;t told yet of a look; it looks once an hour.</source>
        <translation>Der laufende Knoten hat noch von keinem Blick berichtet; er sieht einmal in der Stunde nach.</translation>
    </message>
    <message>
        <source>No rule is in force yet: the node isn&apos;t looking, and nothing is purged.</source>
        <translation>Noch ist keine Regel in Kraft: Der Knoten sieht nicht nach, und nichts wird gelöscht.</translation>
    </message>
    <message>
        <source>There is no rule in force or written: nothing is ever purged.</source>
        <translation>Es ist keine Regel in Kraft oder geschrieben: Nichts wird je gelöscht.</translation>
    </message>
    <message>
        <source>{said} The last purge was at {time}.</source>
        <translation>{said} Zuletzt gelöscht wurde um {time}.</translation>
    </message>
    <message>
        <source>There is a rule for everything already.</source>
        <translation>Es gibt schon für alles eine Regel.</translation>
    </message>
    <message>
        <source>The written document has a fault; correct it first.</source>
        <translation>Das geschriebene Dokument hat einen Fehler; beheben Sie ihn zuerst.</translation>
    </message>
    <message>
        <source>The written rules can&apos;t be put into the folder for temporary files: {why}.</source>
        <translation>Die geschriebenen Regeln lassen sich nicht in den Ordner für vorübergehende Dateien schreiben: {why}.</translation>
    </message>
    <message>
        <source>Looking at every study and file…</source>
        <translation>Jede Untersuchung und Datei wird angesehen …</translation>
    </message>
    <message>
        <source>The rules were changed since the dry run: run it again.</source>
        <translation>Die Regeln wurden seit dem Probelauf geändert: Machen Sie ihn noch einmal.</translation>
    </message>
    <message>
        <source>The dry run ended early.</source>
        <translation>Der Probelauf endete vorzeitig.</translation>
    </message>
    <message numerus="yes">
        <source>%n thing(s) would go, {size}; nothing was purged.</source>
        <translation>
            <numerusform>%n Stück ginge, {size}; gelöscht wurde nichts.</numerusform>
            <numerusform>%n Stücke gingen, {size}; gelöscht wurde nichts.</numerusform>
        </translation>
    </message>
    <message>
        <source>The disk is short: the earlier limits hold. {said}</source>
        <translation>Der Platz ist knapp: Es gelten die früheren Grenzen. {said}</translation>
    </message>
    <message>
        <source>The dry run can&apos;t be started. Run “llmcxr retention dry-run” in a terminal.</source>
        <translation>Der Probelauf lässt sich nicht starten. Rufen Sie „llmcxr retention dry-run“ in einem Terminal auf.</translation>
    </message>
    <message>
        <source>failed</source>
        <translation>fehlgeschlagen</translation>
    </message>
    <message>
        <source>not taken</source>
        <translation>nicht angenommen</translation>
    </message>
    <message>
        <source>Name of the site</source>
        <translation>Name des Standorts</translation>
    </message>
    <message>
        <source>gets no draft</source>
        <translation>bekommt keinen Entwurf</translation>
    </message>
    <message>
        <source>is drafted</source>
        <translation>wird entworfen</translation>
    </message>
    <message>
        <source>is left to the next rule</source>
        <translation>bleibt der nächsten Regel überlassen</translation>
    </message>
    <message>
        <source>as a later rule says, or normal</source>
        <translation>wie eine spätere Regel sagt, oder normal</translation>
    </message>
    <message>
        <source>high</source>
        <translation>hoch</translation>
    </message>
    <message>
        <source>normal</source>
        <translation>normal</translation>
    </message>
    <message>
        <source>low</source>
        <translation>niedrig</translation>
    </message>
    <message>
        <source>another body part in the header</source>
        <translation>anderer Körperteil im Kopf der Datei</translation>
    </message>
    <message>
        <source>marked as derived</source>
        <translation>als abgeleitet gekennzeichnet</translation>
    </message>
    <message>
        <source>for processing</source>
        <translation>zur Weiterverarbeitung</translation>
    </message>
    <message>
        <source>unknown view</source>
        <translation>unbekannte Projektion</translation>
    </message>
    <message>
        <source>not upright</source>
        <translation>nicht aufrecht</translation>
    </message>
    <message>
        <source>burned-in annotation</source>
        <translation>eingebrannte Beschriftung</translation>
    </message>
    <message>
        <source>unknown age</source>
        <translation>unbekanntes Alter</translation>
    </message>
    <message>
        <source>child</source>
        <translation>Kind</translation>
    </message>
    <message>
        <source>Modality</source>
        <translation>Modalität</translation>
    </message>
    <message>
        <source>Body part</source>
        <translation>Körperteil</translation>
    </message>
    <message>
        <source>Study description</source>
        <translation>Beschreibung der Studie</translation>
    </message>
    <message>
        <source>Series description</source>
        <translation>Beschreibung der Serie</translation>
    </message>
    <message>
        <source>Station</source>
        <translation>Gerätename</translation>
    </message>
    <message>
        <source>Institution</source>
        <translation>Institution</translation>
    </message>
    <message>
        <source>Manufacturer and model</source>
        <translation>Hersteller und Modell</translation>
    </message>
    <message>
        <source>SOP class</source>
        <translation>SOP-Klasse</translation>
    </message>
    <message>
        <source>UID or keyword; empty: any</source>
        <translation>UID oder Schlüsselwort; leer: beliebig</translation>
    </message>
    <message>
        <source>Age from</source>
        <translation>Alter ab</translation>
    </message>
    <message>
        <source>Completed years; empty: any</source>
        <translation>Vollendete Jahre; leer: beliebig</translation>
    </message>
    <message>
        <source>Age to</source>
        <translation>Alter bis</translation>
    </message>
    <message>
        <source>Goes on to</source>
        <translation>Geht weiter an</translation>
    </message>
    <message>
        <source>Forward to: {peer}</source>
        <translation>Weiterleiten an: {peer}</translation>
    </message>
    <message>
        <source>De-identified to</source>
        <translation>De-identifiziert an</translation>
    </message>
    <message>
        <source>Send a de-identified copy to: {peer}</source>
        <translation>De-identifizierte Kopie senden an: {peer}</translation>
    </message>
    <message>
        <source>every film</source>
        <translation>jede Aufnahme</translation>
    </message>
    <message>
        <source>{outcome}, also: {exclusions}</source>
        <translation>{outcome}, auch: {exclusions}</translation>
    </message>
    <message>
        <source>priority {word}</source>
        <translation>Priorität {word}</translation>
    </message>
    <message>
        <source>Routing rule</source>
        <translation>Regel für Aufnahmen</translation>
    </message>
    <message>
        <source>Name of the rule</source>
        <translation>Name der Regel</translation>
    </message>
    <message>
        <source>any peer</source>
        <translation>jede Gegenstelle</translation>
    </message>
    <message>
        <source>any view</source>
        <translation>jede Projektion</translation>
    </message>
    <message>
        <source>Such a film</source>
        <translation>Solch eine Aufnahme</translation>
    </message>
    <message>
        <source>Priority of its draft</source>
        <translation>Priorität des Entwurfs</translation>
    </message>
    <message>
        <source>Drafted although: {reason}</source>
        <translation>Wird entworfen trotz: {reason}</translation>
    </message>
    <message>
        <source>As in the header; * stands for any letters; empty: any</source>
        <translation>Wie im Kopf der Datei; * steht für beliebige Zeichen; leer: beliebig</translation>
    </message>
    <message>
        <source>Although the header says</source>
        <translation>Auch wenn im Kopf der Datei steht</translation>
    </message>
    <message>
        <source>Save the rule</source>
        <translation>Regel speichern</translation>
    </message>
    <message>
        <source>Give the rule a name: studies that it keeps from being drafted name it.</source>
        <translation>Geben Sie der Regel einen Namen: Untersuchungen, die wegen ihr keinen Entwurf bekommen, nennen ihn.</translation>
    </message>
    <message>
        <source>In documents when the film carries none</source>
        <translation>In Dokumenten, wenn die Aufnahme keine nennt</translation>
    </message>
    <message>
        <source>Seconds without a new image after which a study is complete</source>
        <translation>Sekunden ohne neues Bild, nach denen eine Studie vollständig ist</translation>
    </message>
    <message>
        <source>Seconds after which missing images aren&apos;t waited for any more</source>
        <translation>Sekunden, nach denen auf fehlende Bilder nicht mehr gewartet wird</translation>
    </message>
    <message>
        <source>{peer} (de-identified)</source>
        <translation>{peer} (de-identifiziert)</translation>
    </message>
    <message>
        <source>Which films are drafted follows from their headers: frontal, for presentation, of an adult. Rules of the site say otherwise, or forward films to other peers; they are asked in their order, and the first that decides about the draft is the last. The dry run shows what the written document would make of the studies that came last; nothing is changed or sent.</source>
        <translation>Welche Aufnahmen entworfen werden, folgt aus ihrem Kopf: frontal, zur Darstellung, von Erwachsenen. Eigene Regeln sagen es anders oder leiten Aufnahmen an andere Gegenstellen weiter; sie werden der Reihe nach gefragt, und die erste, die über den Entwurf entscheidet, ist die letzte. Der Probelauf zeigt, was das geschriebene Dokument aus den letzten Untersuchungen machen würde; geändert oder gesendet wird nichts.</translation>
    </message>
    <message>
        <source>The first frontal film is drafted while more images are expected</source>
        <translation>Die erste Frontalaufnahme wird entworfen, auch wenn noch Bilder erwartet werden</translation>
    </message>
    <message>
        <source>How many of the latest studies</source>
        <translation>Wie viele der letzten Studien</translation>
    </message>
    <message>
        <source>Dry run on recent studies</source>
        <translation>Probelauf mit den letzten Studien</translation>
    </message>
    <message>
        <source>Latest studies</source>
        <translation>Letzte Studien</translation>
    </message>
    <message>
        <source>From</source>
        <translation>Von</translation>
    </message>
    <message>
        <source>unknown</source>
        <translation>unbekannt</translation>
    </message>
    <message>
        <source>Would be</source>
        <translation>Würde</translation>
    </message>
    <message>
        <source>Film</source>
        <translation>Aufnahme</translation>
    </message>
    <message>
        <source>Key table of {project}</source>
        <translation>Schlüsseltabelle von {project}</translation>
    </message>
    <message>
        <source>The file will say whose pseudonym is whose, with names and birth dates. That you read it, and why, stands in the audit trail before it is written.</source>
        <translation>Die Datei sagt, wessen Pseudonym wessen ist, mit Namen und Geburtsdaten. Dass Sie sie lesen und warum, steht im Prüfpfad, bevor sie geschrieben wird.</translation>
    </message>
    <message>
        <source>Why</source>
        <translation>Warum</translation>
    </message>
    <message>
        <source>Password of {user}</source>
        <translation>Passwort von {user}</translation>
    </message>
    <message>
        <source>New file</source>
        <translation>Neue Datei</translation>
    </message>
    <message>
        <source>Choose…</source>
        <translation>Wählen …</translation>
    </message>
    <message>
        <source>Choose the file</source>
        <translation>Die Datei wählen</translation>
    </message>
    <message>
        <source>Write the file</source>
        <translation>Datei schreiben</translation>
    </message>
    <message>
        <source>Say why the key table is read.</source>
        <translation>Sagen Sie, warum die Schlüsseltabelle gelesen wird.</translation>
    </message>
    <message>
        <source>The password is needed.</source>
        <translation>Das Passwort wird gebraucht.</translation>
    </message>
    <message>
        <source>Name the file.</source>
        <translation>Nennen Sie die Datei.</translation>
    </message>
    <message>
        <source>Nobody has the home that the file&apos;s name begins with: name its folder.</source>
        <translation>Das Heimverzeichnis, mit dem der Dateiname beginnt, hat niemand: Nennen Sie den Ordner.</translation>
    </message>
    <message>
        <source>Research peers get copies without the patient (PS3.15 Annex E). Profile, project and options of a peer stand in its form under Peers. Whose pseudonym is whose lies sealed in the database; only who can read the key file and proves to be an administrator sees it.</source>
        <translation>Gegenstellen der Forschung bekommen Kopien ohne den Patienten (PS3.15 Annex E). Profil, Projekt und Optionen einer Gegenstelle stehen in ihrem Formular unter Gegenstellen. Wessen Pseudonym wessen ist, liegt versiegelt in der Datenbank; das sieht nur, wer die Schlüsseldatei lesen kann und sich als Administrator ausweist.</translation>
    </message>
    <message>
        <source>Who gets de-identified copies</source>
        <translation>Wer de-identifizierte Kopien bekommt</translation>
    </message>
    <message>
        <source>Pseudonyms by project</source>
        <translation>Pseudonyme nach Projekt</translation>
    </message>
    <message>
        <source>Pseudonyms</source>
        <translation>Pseudonyme</translation>
    </message>
    <message>
        <source>First</source>
        <translation>Erstes</translation>
    </message>
    <message>
        <source>Who read the key table</source>
        <translation>Wer die Schlüsseltabelle las</translation>
    </message>
    <message>
        <source>Write the key table…</source>
        <translation>Schlüsseltabelle schreiben …</translation>
    </message>
    <message>
        <source>Write the key table of the chosen project into a file</source>
        <translation>Die Schlüsseltabelle des gewählten Projekts in eine Datei schreiben</translation>
    </message>
    <message>
        <source>Who gets copies</source>
        <translation>Wer Kopien bekommt</translation>
    </message>
    <message>
        <source>This account can read the key, {file}. Back it up with service.key.</source>
        <translation>Dieses Konto kann den Schlüssel lesen, {file}. Sichern Sie ihn zusammen mit service.key.</translation>
    </message>
    <message>
        <source>There is no key yet; it is made with the first pseudonym, as {file}.</source>
        <translation>Es gibt noch keinen Schlüssel; er entsteht mit dem ersten Pseudonym als {file}.</translation>
    </message>
    <message>
        <source>Opening the key table…</source>
        <translation>Die Schlüsseltabelle wird geöffnet …</translation>
    </message>
    <message numerus="yes">
        <source>%n pseudonym(s) were written to {file}, readable by this account only.</source>
        <translation>
            <numerusform>%n Pseudonym wurde nach {file} geschrieben, lesbar nur für dieses Konto.</numerusform>
            <numerusform>%n Pseudonyme wurden nach {file} geschrieben, lesbar nur für dieses Konto.</numerusform>
        </translation>
    </message>
    <message>
        <source>none: the basic profile alone</source>
        <translation>keine: nur das Grundprofil</translation>
    </message>
    <message>
        <source>Today</source>
        <translation>Heute</translation>
    </message>
    <message>
        <source>{state}, differs</source>
        <translation>{state}, weicht ab</translation>
    </message>
    <message>
        <source>A reader writes an own impression before the draft is shown</source>
        <translation>Wer befundet, schreibt eine eigene Beurteilung, bevor der Entwurf gezeigt wird</translation>
    </message>
    <message>
        <source>Routing rules</source>
        <translation>Regeln für Aufnahmen</translation>
    </message>
    <message>
        <source>Rule</source>
        <translation>Regel</translation>
    </message>
    <message>
        <source>Add a rule…</source>
        <translation>Regel hinzufügen…</translation>
    </message>
    <message>
        <source>Change the rule</source>
        <translation>Regel ändern</translation>
    </message>
    <message>
        <source>Ask the rule earlier</source>
        <translation>Regel früher fragen</translation>
    </message>
    <message>
        <source>Remove the rule</source>
        <translation>Regel entfernen</translation>
    </message>
    <message>
        <source>Of {count} studies {drafted} would be drafted, {excluded} excluded, {failed} fail, {not_taken} not be taken; {differ} stand otherwise today.</source>
        <translation>Von {count} Studien würden {drafted} entworfen, {excluded} ausgeschlossen, {failed} fehlschlagen, {not_taken} nicht angenommen; {differ} stehen heute anders.</translation>
    </message>
    <message>
        <source>Patient</source>
        <translation>Patient</translation>
    </message>
    <message>
        <source>all services</source>
        <translation>alle Dienste</translation>
    </message>
    <message>
        <source>listener</source>
        <translation>Empfänger</translation>
    </message>
    <message>
        <source>courier</source>
        <translation>Kurier</translation>
    </message>
    <message>
        <source>watcher</source>
        <translation>Wächter</translation>
    </message>
    <message>
        <source>STOW-RS server</source>
        <translation>STOW-RS-Server</translation>
    </message>
    <message>
        <source>node</source>
        <translation>Knoten</translation>
    </message>
    <message>
        <source>engine</source>
        <translation>Modellrechner</translation>
    </message>
    <message>
        <source>shadow engine</source>
        <translation>Schatten-Modellrechner</translation>
    </message>
    <message>
        <source>window</source>
        <translation>Fenster</translation>
    </message>
    <message>
        <source>debug</source>
        <translation>Fehlersuche</translation>
    </message>
    <message>
        <source>info</source>
        <translation>Hinweis</translation>
    </message>
    <message>
        <source>warning</source>
        <translation>Warnung</translation>
    </message>
    <message>
        <source>error</source>
        <translation>Fehler</translation>
    </message>
    <message>
        <source>critical</source>
        <translation>kritisch</translation>
    </message>
    <message>
        <source>Live log</source>
        <translation>Laufendes Protokoll</translation>
    </message>
    <message>
        <source>What the services on this machine write into the folder “logs” of the home, and who did what. Identifiers are masked; no patient is named.</source>
        <translation>Was die Dienste auf diesem Rechner in den Ordner „logs“ schreiben, und wer was getan hat. Kennungen sind maskiert; kein Patient wird genannt.</translation>
    </message>
    <message>
        <source>Service</source>
        <translation>Dienst</translation>
    </message>
    <message>
        <source>Lowest level</source>
        <translation>Niedrigste Stufe</translation>
    </message>
    <message>
        <source>Search the log</source>
        <translation>Protokoll durchsuchen</translation>
    </message>
    <message>
        <source>In the audit trail, actor and event of the latest {count} rows</source>
        <translation>Im Prüfprotokoll: Person und Ereignis der letzten {count} Zeilen</translation>
    </message>
    <message>
        <source>Search</source>
        <translation>Suchen</translation>
    </message>
    <message>
        <source>Follow</source>
        <translation>Folgen</translation>
    </message>
    <message>
        <source>Follow the end of the log</source>
        <translation>Dem Ende des Protokolls folgen</translation>
    </message>
    <message>
        <source>Log of the services</source>
        <translation>Protokoll der Dienste</translation>
    </message>
    <message>
        <source>Time</source>
        <translation>Zeit</translation>
    </message>
    <message>
        <source>Level</source>
        <translation>Stufe</translation>
    </message>
    <message>
        <source>Detail</source>
        <translation>Einzelheiten</translation>
    </message>
    <message>
        <source>Audit trail</source>
        <translation>Prüfprotokoll</translation>
    </message>
    <message>
        <source>Number</source>
        <translation>Nummer</translation>
    </message>
    <message>
        <source>Who</source>
        <translation>Wer</translation>
    </message>
    <message>
        <source>Study</source>
        <translation>Studie</translation>
    </message>
    <message>
        <source>Logs</source>
        <translation>Protokolle</translation>
    </message>
    <message>
        <source>From level</source>
        <translation>Ab Stufe</translation>
    </message>
    <message>
        <source>Services</source>
        <translation>Dienste</translation>
    </message>
    <message>
        <source>No line fits. Log files are kept unless log_file_mb is 0; this shows only this machine&apos;s.</source>
        <translation>Keine Zeile passt. Protokolldateien werden geführt, sofern log_file_mb nicht 0 ist; hier stehen nur die dieses Rechners.</translation>
    </message>
    <message>
        <source>reader: reads and signs</source>
        <translation>Befunder: liest und unterschreibt</translation>
    </message>
    <message>
        <source>resident: writes, a reader signs</source>
        <translation>Assistenz: schreibt, ein Befunder unterschreibt</translation>
    </message>
    <message>
        <source>administrator</source>
        <translation>Administrator</translation>
    </message>
    <message>
        <source>researcher: looks at models and quality</source>
        <translation>Forschung: sieht Modelle und Qualität</translation>
    </message>
    <message>
        <source>New password for {name}</source>
        <translation>Neues Passwort für {name}</translation>
    </message>
    <message>
        <source>New user</source>
        <translation>Neuer Benutzer</translation>
    </message>
    <message>
        <source>Family^Given</source>
        <translation>Nachname^Vorname</translation>
    </message>
    <message>
        <source>User name</source>
        <translation>Benutzername</translation>
    </message>
    <message>
        <source>Name in documents</source>
        <translation>Name in Dokumenten</translation>
    </message>
    <message>
        <source>Organisation</source>
        <translation>Organisation</translation>
    </message>
    <message>
        <source>Role</source>
        <translation>Rolle</translation>
    </message>
    <message>
        <source>Password</source>
        <translation>Passwort</translation>
    </message>
    <message>
        <source>Password again</source>
        <translation>Passwort noch einmal</translation>
    </message>
    <message>
        <source>Set password</source>
        <translation>Passwort setzen</translation>
    </message>
    <message>
        <source>Add user</source>
        <translation>Benutzer anlegen</translation>
    </message>
    <message>
        <source>The person gets a new key with it: what waits to be signed must be asked for again.</source>
        <translation>Die Person bekommt damit einen neuen Schlüssel: Was auf eine Unterschrift wartet, muss neu angefordert werden.</translation>
    </message>
    <message>
        <source>A user needs a name.</source>
        <translation>Ein Benutzer braucht einen Namen.</translation>
    </message>
    <message numerus="yes">
        <source>Use at least %n characters for the password.</source>
        <translation>
            <numerusform>Das Passwort braucht mindestens %n Zeichen.</numerusform>
            <numerusform>Das Passwort braucht mindestens %n Zeichen.</numerusform>
        </translation>
    </message>
    <message>
        <source>The two passwords differ.</source>
        <translation>Die beiden Passwörter sind verschieden.</translation>
    </message>
    <message>
        <source>Nothing of a disabled user is removed; the last administrator stays one.</source>
        <translation>Von einem deaktivierten Benutzer wird nichts entfernt; der letzte Administrator bleibt einer.</translation>
    </message>
    <message>
        <source>User</source>
        <translation>Benutzer</translation>
    </message>
    <message>
        <source>{name} (you)</source>
        <translation>{name} (Sie)</translation>
    </message>
    <message>
        <source>enabled</source>
        <translation>aktiv</translation>
    </message>
    <message>
        <source>disabled</source>
        <translation>deaktiviert</translation>
    </message>
    <message>
        <source>Add a user…</source>
        <translation>Benutzer anlegen…</translation>
    </message>
    <message>
        <source>Add a user</source>
        <translation>Einen Benutzer anlegen</translation>
    </message>
    <message>
        <source>Set role</source>
        <translation>Rolle setzen</translation>
    </message>
    <message>
        <source>Set the role of the chosen user</source>
        <translation>Rolle des gewählten Benutzers setzen</translation>
    </message>
    <message>
        <source>Disable</source>
        <translation>Deaktivieren</translation>
    </message>
    <message>
        <source>Disable the chosen user</source>
        <translation>Gewählten Benutzer deaktivieren</translation>
    </message>
    <message>
        <source>New password…</source>
        <translation>Neues Passwort…</translation>
    </message>
    <message>
        <source>Give the chosen user a new password</source>
        <translation>Dem gewählten Benutzer ein neues Passwort geben</translation>
    </message>
    <message>
        <source>Enable</source>
        <translation>Aktivieren</translation>
    </message>
    <message>
        <source>Enable the chosen user</source>
        <translation>Gewählten Benutzer aktivieren</translation>
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
        <source>Synthetic films show no patient. They are for teaching: nothing may be learnt from one about anybody, and none may be sent, filed or read as a film.</source>
        <translation>Künstliche Aufnahmen zeigen keinen Patienten. Sie dienen der Lehre: Aus ihnen lässt sich über niemanden etwas erfahren, und keine darf als Aufnahme gesendet, abgelegt oder befundet werden.</translation>
    </message>
    <message>
        <source>No film has been drawn yet.</source>
        <translation>Noch ist keine Aufnahme gezeichnet.</translation>
    </message>
    <message>
        <source>Synthetic film for teaching</source>
        <translation>Künstliche Aufnahme für die Lehre</translation>
    </message>
    <message>
        <source>Synthetic</source>
        <translation>Künstlich</translation>
    </message>
    <message>
        <source>Text to draw</source>
        <translation>Text, der gezeichnet wird</translation>
    </message>
    <message>
        <source>Seed</source>
        <translation>Startwert</translation>
    </message>
    <message>
        <source>Seed (optional)</source>
        <translation>Startwert (freiwillig)</translation>
    </message>
    <message>
        <source>The same seed and text give the same film.</source>
        <translation>Derselbe Startwert und Text ergeben dieselbe Aufnahme.</translation>
    </message>
    <message>
        <source>Draw</source>
        <translation>Zeichnen</translation>
    </message>
    <message>
        <source>Draw a synthetic film from the text</source>
        <translation>Eine künstliche Aufnahme aus dem Text zeichnen</translation>
    </message>
    <message>
        <source>How much of the film is drawn</source>
        <translation>Wie viel der Aufnahme gezeichnet ist</translation>
    </message>
    <message>
        <source>Synthetic films of this study</source>
        <translation>Künstliche Aufnahmen dieser Studie</translation>
    </message>
    <message>
        <source>About this synthetic film</source>
        <translation>Zu dieser künstlichen Aufnahme</translation>
    </message>
    <message>
        <source>Text</source>
        <translation>Text</translation>
    </message>
    <message>
        <source>Drawn before</source>
        <translation>Früher gezeichnet</translation>
    </message>
    <message>
        <source>a picture with the words TEST - NO PATIENT and a bright disc</source>
        <translation>ein Bild mit den Worten TEST - NO PATIENT und einer hellen Scheibe</translation>
    </message>
    <message>
        <source>a report in a series &apos;AI DRAFT - not reviewed&apos;</source>
        <translation>ein Befund in einer Serie „AI DRAFT - not reviewed“</translation>
    </message>
    <message>
        <source>a report in a series &apos;Signed report&apos;, verified by Nobody</source>
        <translation>ein Befund in einer Serie „Signed report“, verifiziert von Nobody</translation>
    </message>
    <message>
        <source>nothing: a second draft that its rejection note has hidden</source>
        <translation>nichts: ein zweiter Entwurf, den sein Ablehnungsvermerk verbirgt</translation>
    </message>
    <message>
        <source>a second SR that calls the sentence of &apos;Signed report&apos; written by a person</source>
        <translation>ein zweites SR, das den Satz aus „Signed report“ von einem Menschen geschrieben nennt</translation>
    </message>
    <message>
        <source>a page with the report, the film and a box around the disc</source>
        <translation>eine Seite mit dem Befund, der Aufnahme und einem Rahmen um die Scheibe</translation>
    </message>
    <message>
        <source>made-up findings in a series &apos;AI FINDINGS - not reviewed&apos;</source>
        <translation>erfundene Befunde in einer Serie „AI FINDINGS - not reviewed“</translation>
    </message>
    <message>
        <source>a box over the film, in a series &apos;AI MARKS - not reviewed&apos;</source>
        <translation>ein Rahmen über der Aufnahme, in einer Serie „AI MARKS - not reviewed“</translation>
    </message>
    <message>
        <source>the film marked as a key image</source>
        <translation>die Aufnahme, als Schlüsselbild markiert</translation>
    </message>
    <message>
        <source>the film with a box and a burned-in banner</source>
        <translation>die Aufnahme mit einem Rahmen und einem eingebrannten Balken</translation>
    </message>
    <message>
        <source>Displays of {peer}</source>
        <translation>Anzeigen von {peer}</translation>
    </message>
    <message>
        <source>Test objects of the patient {patient}, ID {number}, are sent to {peer} and stay there. That a peer stores an object doesn&apos;t say that it shows it: look at its displays and tick what stands there as described.</source>
        <translation>Testobjekte des Patienten {patient}, ID {number}, gehen an {peer} und bleiben dort. Dass eine Gegenstelle ein Objekt speichert, heißt nicht, dass sie es zeigt: Sehen Sie auf ihren Anzeigen nach und haken Sie ab, was dort wie beschrieben steht.</translation>
    </message>
    <message>
        <source>Agreed with the PACS team</source>
        <translation>Mit dem PACS-Team vereinbart</translation>
    </message>
    <message>
        <source>Send one test object of each kind</source>
        <translation>Von jeder Art ein Testobjekt senden</translation>
    </message>
    <message>
        <source>Send</source>
        <translation>Senden</translation>
    </message>
    <message>
        <source>Keep the ticks</source>
        <translation>Häkchen behalten</translation>
    </message>
    <message>
        <source>Write the ticks into the site document</source>
        <translation>Die Häkchen in das Standortdokument schreiben</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>Schließen</translation>
    </message>
    <message>
        <source>Seen as described</source>
        <translation>Wie beschrieben zu sehen</translation>
    </message>
    <message>
        <source>Look for</source>
        <translation>Gesucht ist</translation>
    </message>
    <message>
        <source>What the peer answered</source>
        <translation>Antwort der Gegenstelle</translation>
    </message>
    <message>
        <source>{kind} is seen as described</source>
        <translation>{kind} ist wie beschrieben zu sehen</translation>
    </message>
    <message>
        <source>not sent yet</source>
        <translation>noch nicht gesendet</translation>
    </message>
    <message>
        <source>stored</source>
        <translation>gespeichert</translation>
    </message>
    <message>
        <source>not stored</source>
        <translation>nicht gespeichert</translation>
    </message>
    <message>
        <source>No film: {reason}</source>
        <translation>Keine Aufnahme: {reason}</translation>
    </message>
    <message>
        <source>The film is being drawn…</source>
        <translation>Die Aufnahme wird gezeichnet…</translation>
    </message>
    <message>
        <source>Synthetic film, marked as no patient&apos;s</source>
        <translation>Künstliche Aufnahme, als die keines Patienten gekennzeichnet</translation>
    </message>
    <message>
        <source>{time} · seed {seed} · {words}</source>
        <translation>{time} · Startwert {seed} · {words}</translation>
    </message>
    <message>
        <source>{time} · failed · {words}</source>
        <translation>{time} · fehlgeschlagen · {words}</translation>
    </message>
    <message>
        <source>{time} · being drawn · {words}</source>
        <translation>{time} · wird gezeichnet · {words}</translation>
    </message>
    <message>
        <source>Synthetic, no patient. Drawn by {model} {version}, seed {seed}, {time}, from the text: {words}</source>
        <translation>Künstlich, kein Patient. Gezeichnet von {model} {version}, Startwert {seed}, {time}, aus dem Text: {words}</translation>
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
        <source>well</source>
        <translation>in Ordnung</translation>
    </message>
    <message>
        <source>couldn&apos;t be made</source>
        <translation>nicht durchführbar</translation>
    </message>
    <message>
        <source>Engine</source>
        <translation>Modellrechner</translation>
    </message>
    <message>
        <source>Home and database</source>
        <translation>Ablage und Datenbank</translation>
    </message>
    <message>
        <source>DICOM node</source>
        <translation>DICOM-Knoten</translation>
    </message>
    <message>
        <source>Window</source>
        <translation>Fenster</translation>
    </message>
    <message>
        <source>Everything that must work, checked on this machine as “llmcxr doctor” does. It takes some seconds.</source>
        <translation>Alles, was gehen muss, auf diesem Rechner geprüft wie mit „llmcxr doctor“. Es dauert einige Sekunden.</translation>
    </message>
    <message>
        <source>Checks</source>
        <translation>Prüfungen</translation>
    </message>
    <message>
        <source>Result</source>
        <translation>Ergebnis</translation>
    </message>
    <message>
        <source>Where</source>
        <translation>Wo</translation>
    </message>
    <message>
        <source>Check</source>
        <translation>Prüfung</translation>
    </message>
    <message>
        <source>look at it</source>
        <translation>ansehen</translation>
    </message>
    <message>
        <source>not well</source>
        <translation>nicht gut</translation>
    </message>
    <message>
        <source>Listener</source>
        <translation>Empfänger</translation>
    </message>
    <message>
        <source>Films aren&apos;t received.</source>
        <translation>Aufnahmen werden nicht empfangen.</translation>
    </message>
    <message>
        <source>Courier</source>
        <translation>Kurier</translation>
    </message>
    <message>
        <source>Nothing is drafted, signed or delivered.</source>
        <translation>Nichts wird entworfen, unterschrieben oder zugestellt.</translation>
    </message>
    <message>
        <source>Films are received and wait for their drafts.</source>
        <translation>Aufnahmen werden empfangen und warten auf ihre Entwürfe.</translation>
    </message>
    <message>
        <source>Watcher</source>
        <translation>Wächter</translation>
    </message>
    <message>
        <source>No metrics and no audit messages are made.</source>
        <translation>Es entstehen keine Metriken und keine Prüfmeldungen.</translation>
    </message>
    <message>
        <source>Nothing is received by STOW-RS.</source>
        <translation>Über STOW-RS wird nichts empfangen.</translation>
    </message>
    <message>
        <source>calling AE title unknown</source>
        <translation>rufender AE-Titel unbekannt</translation>
    </message>
    <message>
        <source>not from the peer&apos;s host</source>
        <translation>nicht vom Rechner der Gegenstelle</translation>
    </message>
    <message>
        <source>not by TLS</source>
        <translation>nicht über TLS</translation>
    </message>
    <message>
        <source>not with the peer&apos;s certificate</source>
        <translation>nicht mit dem Zertifikat der Gegenstelle</translation>
    </message>
    <message>
        <source>the certificate doesn&apos;t bear the peer&apos;s name</source>
        <translation>das Zertifikat trägt nicht den Namen der Gegenstelle</translation>
    </message>
    <message>
        <source>no user identity</source>
        <translation>keine Benutzerangabe</translation>
    </message>
    <message>
        <source>wrong user or password</source>
        <translation>falscher Benutzer oder falsches Passwort</translation>
    </message>
    <message>
        <source>no site&apos;s configuration</source>
        <translation>keine Konfiguration des Standorts</translation>
    </message>
    <message>
        <source>the peer has as many as it may</source>
        <translation>die Gegenstelle hat so viele, wie sie darf</translation>
    </message>
    <message>
        <source>called AE title or limit</source>
        <translation>gerufener AE-Titel oder Obergrenze</translation>
    </message>
    <message>
        <source>no peer&apos;s token, user or certificate</source>
        <translation>Token, Benutzer oder Zertifikat keiner Gegenstelle</translation>
    </message>
    <message>
        <source>nothing shown</source>
        <translation>nichts vorgezeigt</translation>
    </message>
    <message>
        <source>fits several peers</source>
        <translation>passt zu mehreren Gegenstellen</translation>
    </message>
    <message>
        <source>not configured to send</source>
        <translation>darf nach der Konfiguration nicht senden</translation>
    </message>
    <message>
        <source>too many connections</source>
        <translation>zu viele Verbindungen</translation>
    </message>
    <message>
        <source>too many requests at a time</source>
        <translation>zu viele Anfragen zugleich</translation>
    </message>
    <message>
        <source>request too large</source>
        <translation>Anfrage zu groß</translation>
    </message>
    <message>
        <source>too slow</source>
        <translation>zu langsam</translation>
    </message>
    <message>
        <source>the TLS handshake failed: {what}</source>
        <translation>die TLS-Verbindung kam nicht zustande: {what}</translation>
    </message>
    <message>
        <source>user identity of type {what}</source>
        <translation>Benutzeridentität vom Typ {what}</translation>
    </message>
    <message>
        <source>user identity can&apos;t be checked: {what}</source>
        <translation>die Benutzeridentität lässt sich nicht prüfen: {what}</translation>
    </message>
    <message>
        <source>had already</source>
        <translation>schon da gewesen</translation>
    </message>
    <message>
        <source>our own document, sent back</source>
        <translation>unser eigenes Dokument, zurückgesandt</translation>
    </message>
    <message>
        <source>refused: the disk is full</source>
        <translation>abgelehnt: die Platte ist voll</translation>
    </message>
    <message>
        <source>refused: UIDs of command and data set differ</source>
        <translation>abgelehnt: UIDs von Befehl und Datensatz verschieden</translation>
    </message>
    <message>
        <source>set aside: unreadable</source>
        <translation>beiseitegelegt: nicht lesbar</translation>
    </message>
    <message>
        <source>set aside: its pixels are cut</source>
        <translation>beiseitegelegt: Pixel abgeschnitten</translation>
    </message>
    <message>
        <source>set aside: other content under a known UID</source>
        <translation>beiseitegelegt: anderer Inhalt unter bekannter UID</translation>
    </message>
    <message>
        <source>refused: too large</source>
        <translation>abgelehnt: zu groß</translation>
    </message>
    <message>
        <source>refused: not allowed to send</source>
        <translation>abgelehnt: darf nicht senden</translation>
    </message>
    <message>
        <source>Node</source>
        <translation>Knoten</translation>
    </message>
    <message>
        <source>What the node&apos;s processes, counters and queues say, read every five seconds. No peer is asked for it: that does the self-test.</source>
        <translation>Was Prozesse, Zähler und Warteschlangen des Knotens sagen, alle fünf Sekunden gelesen. Keine Gegenstelle wird dafür gefragt: Das tut der Selbsttest.</translation>
    </message>
    <message>
        <source>State of the node</source>
        <translation>Zustand des Knotens</translation>
    </message>
    <message>
        <source>What was found</source>
        <translation>Was gefunden wurde</translation>
    </message>
    <message>
        <source>What to do</source>
        <translation>Was zu tun ist</translation>
    </message>
    <message>
        <source>Details of the node</source>
        <translation>Einzelheiten des Knotens</translation>
    </message>
    <message>
        <source>Queues by destination</source>
        <translation>Warteschlangen nach Ziel</translation>
    </message>
    <message>
        <source>Turned away in the last day</source>
        <translation>Am letzten Tag abgewiesen</translation>
    </message>
    <message>
        <source>Received since the start</source>
        <translation>Seit dem Start empfangen</translation>
    </message>
    <message>
        <source>Certificates</source>
        <translation>Zertifikate</translation>
    </message>
    <message>
        <source>Destination</source>
        <translation>Ziel</translation>
    </message>
    <message>
        <source>Dead</source>
        <translation>Aufgegeben</translation>
    </message>
    <message>
        <source>Times</source>
        <translation>Male</translation>
    </message>
    <message>
        <source>Calling AE title</source>
        <translation>Rufender AE-Titel</translation>
    </message>
    <message>
        <source>Way in</source>
        <translation>Weg</translation>
    </message>
    <message>
        <source>Last</source>
        <translation>Zuletzt</translation>
    </message>
    <message>
        <source>Peer</source>
        <translation>Gegenstelle</translation>
    </message>
    <message>
        <source>nobody known</source>
        <translation>niemand Bekanntes</translation>
    </message>
    <message>
        <source>Instances</source>
        <translation>Instanzen</translation>
    </message>
    <message>
        <source>Size</source>
        <translation>Größe</translation>
    </message>
    <message>
        <source>File</source>
        <translation>Datei</translation>
    </message>
    <message>
        <source>Setting</source>
        <translation>Einstellung</translation>
    </message>
    <message>
        <source>Valid until</source>
        <translation>Gültig bis</translation>
    </message>
    <message>
        <source>Days left</source>
        <translation>Tage übrig</translation>
    </message>
    <message>
        <source>How the node is isn&apos;t known: it can&apos;t be read. What stands below was found before.</source>
        <translation>Wie es dem Knoten geht, ist nicht bekannt: Er lässt sich nicht abfragen. Was unten steht, wurde vorher gefunden.</translation>
    </message>
    <message>
        <source>All is well.</source>
        <translation>Alles ist in Ordnung.</translation>
    </message>
    <message numerus="yes">
        <source>%n thing(s) to look at: {names}.</source>
        <translation>
            <numerusform>%n Punkt zum Ansehen: {names}.</numerusform>
            <numerusform>%n Punkte zum Ansehen: {names}.</numerusform>
        </translation>
    </message>
    <message>
        <source>Turned away</source>
        <translation>Abgewiesen</translation>
    </message>
    <message numerus="yes">
        <source>%n association(s) in the last day</source>
        <translation>
            <numerusform>%n Assoziation am letzten Tag</numerusform>
            <numerusform>%n Assoziationen am letzten Tag</numerusform>
        </translation>
    </message>
    <message>
        <source>nobody in the last day</source>
        <translation>niemand am letzten Tag</translation>
    </message>
    <message>
        <source>See below who, and why; a new peer must stand under Peers.</source>
        <translation>Unten steht, wer und warum; eine neue Gegenstelle muss unter Gegenstellen stehen.</translation>
    </message>
    <message>
        <source>in force</source>
        <translation>in Kraft</translation>
    </message>
    <message>
        <source>Correct it under Site document.</source>
        <translation>Berichtigen Sie es unter Standortdokument.</translation>
    </message>
    <message>
        <source>runs; seen {seconds} s ago</source>
        <translation>läuft; vor {seconds} s gesehen</translation>
    </message>
    <message>
        <source>{said}; {address}</source>
        <translation>{said}; {address}</translation>
    </message>
    <message>
        <source>doesn&apos;t run</source>
        <translation>läuft nicht</translation>
    </message>
    <message>
        <source>fell silent {time} ago</source>
        <translation>verstummt seit {time}</translation>
    </message>
    <message>
        <source>Start an engine: llmcxr engine. Until then: {without}</source>
        <translation>Starten Sie einen Modellrechner: llmcxr engine. Bis dahin: {without}</translation>
    </message>
    <message>
        <source>Start the node: llmcxr node. Until then: {without}</source>
        <translation>Starten Sie den Knoten: llmcxr node. Bis dahin: {without}</translation>
    </message>
    <message>
        <source>Associations</source>
        <translation>Assoziationen</translation>
    </message>
    <message>
        <source>no listener tells</source>
        <translation>kein Empfänger sagt es</translation>
    </message>
    <message>
        <source>{count} open now, {most} at most</source>
        <translation>{count} jetzt offen, höchstens {most}</translation>
    </message>
    <message>
        <source>{said}: {each} on each port</source>
        <translation>{said}: {each} je Port</translation>
    </message>
    <message>
        <source>Others are turned away until one ends; raise max_associations.</source>
        <translation>Andere werden abgewiesen, bis eine endet; setzen Sie max_associations höher.</translation>
    </message>
    <message numerus="yes">
        <source>%n STOW-RS request(s) in the last day</source>
        <translation>
            <numerusform>%n STOW-RS-Anfrage am letzten Tag</numerusform>
            <numerusform>%n STOW-RS-Anfragen am letzten Tag</numerusform>
        </translation>
    </message>
    <message>
        <source>{free} free; warned below {warns}, nothing is received below {stops}</source>
        <translation>{free} frei; Warnung unter {warns}, unter {stops} wird nichts empfangen</translation>
    </message>
    <message>
        <source>{free} free; warned below {warns}</source>
        <translation>{free} frei; Warnung unter {warns}</translation>
    </message>
    <message>
        <source>Disk: {what}</source>
        <translation>Platte: {what}</translation>
    </message>
    <message numerus="yes">
        <source>%n waiting</source>
        <translation>
            <numerusform>%n wartet</numerusform>
            <numerusform>%n warten</numerusform>
        </translation>
    </message>
    <message>
        <source>, the oldest for {time}</source>
        <translation>, am längsten seit {time}</translation>
    </message>
    <message numerus="yes">
        <source>{said}; %n dead</source>
        <translation>
            <numerusform>{said}; %n aufgegeben</numerusform>
            <numerusform>{said}; %n aufgegeben</numerusform>
        </translation>
    </message>
    <message>
        <source>{said}; {name}: {waiting} waiting, {unconfirmed} not confirmed, {held} held</source>
        <translation>{said}; {name}: {waiting} wartend, {unconfirmed} nicht bestätigt, {held} angehalten</translation>
    </message>
    <message>
        <source>See under Queues what they wait for.</source>
        <translation>Sehen Sie unter Warteschlangen nach, worauf sie warten.</translation>
    </message>
    <message>
        <source>Deliveries</source>
        <translation>Sendungen</translation>
    </message>
    <message>
        <source>See under Queues why, mend it, and send them again.</source>
        <translation>Sehen Sie unter Warteschlangen nach, warum, beheben Sie es und senden Sie sie erneut.</translation>
    </message>
    <message numerus="yes">
        <source>{said}; %n held</source>
        <translation>
            <numerusform>{said}; %n angehalten</numerusform>
            <numerusform>{said}; %n angehalten</numerusform>
        </translation>
    </message>
    <message>
        <source>See under Queues why, mend it, and have them made again.</source>
        <translation>Sehen Sie unter Warteschlangen nach, warum, beheben Sie es, und lassen Sie sie neu machen.</translation>
    </message>
    <message>
        <source>Drafts to be made</source>
        <translation>Ausstehende Entwürfe</translation>
    </message>
    <message>
        <source>Requests of windows</source>
        <translation>Anträge der Fenster</translation>
    </message>
    <message>
        <source>The courier decides them within seconds: see that it runs.</source>
        <translation>Der Kurier entscheidet sie in Sekunden: Sehen Sie nach, ob er läuft.</translation>
    </message>
    <message>
        <source>none is in force; no peer is known</source>
        <translation>keines ist in Kraft; keine Gegenstelle ist bekannt</translation>
    </message>
    <message>
        <source>Write one under Site document and put it in force.</source>
        <translation>Schreiben Sie eines unter Standortdokument, und setzen Sie es in Kraft.</translation>
    </message>
    <message>
        <source>none is used: there is no TLS</source>
        <translation>keines in Gebrauch: es gibt kein TLS</translation>
    </message>
    <message numerus="yes">
        <source>%n certificate(s); the first ends in {days} days</source>
        <translation>
            <numerusform>%n Zertifikat; es endet in {days} Tagen</numerusform>
            <numerusform>%n Zertifikate; das erste endet in {days} Tagen</numerusform>
        </translation>
    </message>
    <message>
        <source>{file} has expired</source>
        <translation>{file} ist abgelaufen</translation>
    </message>
    <message>
        <source>{file} ends in {days} days</source>
        <translation>{file} endet in {days} Tagen</translation>
    </message>
    <message>
        <source>Have a new one made: llmcxr tls request.</source>
        <translation>Lassen Sie ein neues ausstellen: llmcxr tls request.</translation>
    </message>
    <message>
        <source>within {seconds} s of the database</source>
        <translation>höchstens {seconds} s neben der Datenbank</translation>
    </message>
    <message>
        <source>{seconds} s off the database&apos;s</source>
        <translation>{seconds} s neben der Datenbank</translation>
    </message>
    <message>
        <source>{said}; a time service keeps it</source>
        <translation>{said}; ein Zeitdienst stellt sie</translation>
    </message>
    <message>
        <source>{said}; no time service keeps it</source>
        <translation>{said}; kein Zeitdienst stellt sie</translation>
    </message>
    <message>
        <source>Have it kept by the hospital&apos;s time server.</source>
        <translation>Lassen Sie sie vom Zeitserver des Hauses stellen.</translation>
    </message>
    <message>
        <source>Clock of this machine</source>
        <translation>Uhr dieses Rechners</translation>
    </message>
    <message>
        <source>Run the self-test</source>
        <translation>Selbsttest starten</translation>
    </message>
    <message>
        <source>Checking…</source>
        <translation>Wird geprüft…</translation>
    </message>
    <message>
        <source>The self-test said nothing. Run “llmcxr doctor” in a terminal.</source>
        <translation>Der Selbsttest hat nichts gesagt. Starten Sie „llmcxr doctor“ in einem Terminal.</translation>
    </message>
    <message numerus="yes">
        <source>The self-test ended early, after %n check(s). Run “llmcxr doctor” in a terminal.</source>
        <translation>
            <numerusform>Der Selbsttest brach nach %n Prüfung ab. Führen Sie „llmcxr doctor“ in einem Terminal aus.</numerusform>
            <numerusform>Der Selbsttest brach nach %n Prüfungen ab. Führen Sie „llmcxr doctor“ in einem Terminal aus.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n check(s) didn&apos;t pass; what to do stands beside them.</source>
        <translation>
            <numerusform>%n Prüfung nicht bestanden; was zu tun ist, steht daneben.</numerusform>
            <numerusform>%n Prüfungen nicht bestanden; was zu tun ist, steht daneben.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>All %n checks passed.</source>
        <translation>
            <numerusform>%n Prüfung ist bestanden.</numerusform>
            <numerusform>Alle %n Prüfungen sind bestanden.</numerusform>
        </translation>
    </message>
    <message>
        <source>The self-test can&apos;t be started. Run “llmcxr doctor” in a terminal.</source>
        <translation>Der Selbsttest kann nicht gestartet werden. Starten Sie „llmcxr doctor“ in einem Terminal.</translation>
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
        <source>Hand the report to an attending reader</source>
        <translation>Den Befund einem Facharzt übergeben</translation>
    </message>
    <message>
        <source>Write an addendum to a signed report</source>
        <translation>Einen Nachtrag zu einem unterschriebenen Befund schreiben</translation>
    </message>
    <message>
        <source>Retract a signed report</source>
        <translation>Einen unterschriebenen Befund zurückziehen</translation>
    </message>
    <message>
        <source>Begin a new report where one was retracted</source>
        <translation>Einen neuen Befund beginnen, wo einer zurückgezogen wurde</translation>
    </message>
    <message>
        <source>Go to the checks before signing</source>
        <translation>Zu den Prüfungen vor der Unterschrift gehen</translation>
    </message>
    <message>
        <source>Go to the draft&apos;s sentences and what they rest on</source>
        <translation>Zu den Sätzen des Entwurfs gehen und worauf sie beruhen</translation>
    </message>
    <message>
        <source>Next sentence of the draft on the film</source>
        <translation>Nächster Satz des Entwurfs auf der Aufnahme</translation>
    </message>
    <message>
        <source>Previous sentence of the draft on the film</source>
        <translation>Voriger Satz des Entwurfs auf der Aufnahme</translation>
    </message>
    <message>
        <source>Choose a sentence to see which part of the film it rests on.</source>
        <translation>Wählen Sie einen Satz, um zu sehen, auf welchem Teil der Aufnahme er beruht.</translation>
    </message>
    <message>
        <source>The engine is looking for the part of the film…</source>
        <translation>Der KI-Dienst sucht den Teil der Aufnahme…</translation>
    </message>
    <message>
        <source>Lit: where the model&apos;s words depend on the film. It is no proof of a finding there.</source>
        <translation>Leuchtet: wo die Worte des Modells von der Aufnahme abhängen. Es beweist dort keinen Befund.</translation>
    </message>
    <message>
        <source>The film of the draft isn&apos;t on the screen.</source>
        <translation>Die Aufnahme des Entwurfs ist nicht auf dem Bildschirm.</translation>
    </message>
    <message>
        <source>No part of this film stands out for this sentence.</source>
        <translation>Für diesen Satz tritt kein Teil der Aufnahme hervor.</translation>
    </message>
    <message>
        <source>The draft is of another film of this study; show that one to see the part.</source>
        <translation>Der Entwurf gehört zu einer anderen Aufnahme dieser Studie; zeigen Sie jene, um den Teil zu sehen.</translation>
    </message>
    <message>
        <source>Sentences of the draft</source>
        <translation>Sätze des Entwurfs</translation>
    </message>
    <message>
        <source>Take the map off the film</source>
        <translation>Die Karte von der Aufnahme nehmen</translation>
    </message>
    <message>
        <source>Put the light out</source>
        <translation>Licht löschen</translation>
    </message>
    <message>
        <source>State of the map</source>
        <translation>Stand der Karte</translation>
    </message>
    <message>
        <source>The map is being made</source>
        <translation>Die Karte wird berechnet</translation>
    </message>
    <message>
        <source>Advice from the round trip</source>
        <translation>Rat aus der Gegenprobe</translation>
    </message>
    <message>
        <source>What the draft rests on</source>
        <translation>Worauf der Entwurf beruht</translation>
    </message>
    <message>
        <source>Questions and answers</source>
        <translation>Fragen und Antworten</translation>
    </message>
    <message>
        <source>Question about the film</source>
        <translation>Frage zur Aufnahme, auf Englisch</translation>
    </message>
    <message>
        <source>Ask about this film</source>
        <translation>Frage (auf Englisch)</translation>
    </message>
    <message>
        <source>Ask the question</source>
        <translation>Die Frage stellen</translation>
    </message>
    <message>
        <source>Suggested questions</source>
        <translation>Vorgeschlagene Fragen</translation>
    </message>
    <message>
        <source>Ask the model</source>
        <translation>Fragen an das Modell</translation>
    </message>
    <message>
        <source>Draw a film…</source>
        <translation>Aufnahme zeichnen…</translation>
    </message>
    <message>
        <source>Draw a synthetic film for teaching</source>
        <translation>Eine künstliche Aufnahme für die Lehre zeichnen</translation>
    </message>
    <message>
        <source>Insert the last answer into the report</source>
        <translation>Die letzte Antwort in den Befund einfügen</translation>
    </message>
    <message>
        <source>Insert</source>
        <translation>Einfügen</translation>
    </message>
    <message>
        <source>Answer of {model} {version} to the question “{question}”, {time}</source>
        <translation>Antwort von {model} {version} auf die Frage „{question}“, {time}</translation>
    </message>
    <message>
        <source>No questions yet. Each question stands alone: the model sees the film and your words, not what was asked before.</source>
        <translation>Noch keine Fragen. Jede Frage steht für sich: Das Modell sieht die Aufnahme und Ihre Worte, nicht was vorher gefragt wurde. Es versteht nur Englisch.</translation>
    </message>
    <message>
        <source>No answer: {reason}</source>
        <translation>Keine Antwort: {reason}</translation>
    </message>
    <message>
        <source>AI: {answer}</source>
        <translation>KI: {answer}</translation>
    </message>
    <message>
        <source>Insert into the report</source>
        <translation>In den Befund einfügen</translation>
    </message>
    <message>
        <source>AI: {answer} …</source>
        <translation>KI: {answer} …</translation>
    </message>
    <message>
        <source>Waiting for the engine…</source>
        <translation>Wartet auf den KI-Dienst…</translation>
    </message>
    <message>
        <source>Draw a synthetic film from the report&apos;s text</source>
        <translation>Eine künstliche Aufnahme aus dem Text des Befunds zeichnen</translation>
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
        <source>Go to the administration page</source>
        <translation>Zur Verwaltung</translation>
    </message>
    <message>
        <source>Go to the model page</source>
        <translation>Zur Modellseite</translation>
    </message>
    <message>
        <source>Go to the quality page</source>
        <translation>Zur Qualitätsseite</translation>
    </message>
    <message>
        <source>Take the open study over from its reader</source>
        <translation>Die offene Studie von ihrem Befunder übernehmen</translation>
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
        <source>Send a preliminary report back to who prepared it</source>
        <translation>Einen vorläufigen Befund an den Verfasser zurückgeben</translation>
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
    <message numerus="yes">
        <source>%n day(s)</source>
        <translation>
            <numerusform>%n Tag</numerusform>
            <numerusform>%n Tagen</numerusform>
        </translation>
    </message>
    <message>
        <source>This key works on the reading page only.</source>
        <translation>Diese Taste wirkt nur auf der Befundseite.</translation>
    </message>
    <message>
        <source>This page isn&apos;t open to your role.</source>
        <translation>Diese Seite steht Ihrer Rolle nicht offen.</translation>
    </message>
    <message>
        <source>No study is open that another reader holds.</source>
        <translation>Es ist keine Studie offen, die jemand anders belegt.</translation>
    </message>
    <message>
        <source>Reading</source>
        <translation>Befunden</translation>
    </message>
    <message>
        <source>The report can&apos;t be written in now: the answer wasn&apos;t put in.</source>
        <translation>In den Befund kann jetzt nicht geschrieben werden: Die Antwort wurde nicht übernommen.</translation>
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
        <source>It gets no draft. Read it where you read without this program, or have done what the reason asks for; images that come later are looked at by themselves.</source>
        <translation>Sie bekommt keinen Entwurf. Befunden Sie sie dort, wo Sie ohne dieses Programm befunden, oder lassen Sie tun, was die Begründung verlangt; Bilder, die später kommen, werden von selbst geprüft.</translation>
    </message>
    <message>
        <source>It has no draft. Read it where you read without this program; an administrator can have it done again under Administration, Queues.</source>
        <translation>Sie hat keinen Entwurf. Befunden Sie sie dort, wo Sie ohne dieses Programm befunden; ein Administrator kann sie unter Verwaltung, Warteschlangen, noch einmal entwerfen lassen.</translation>
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
    <message>
        <source>Images</source>
        <translation>Bilder</translation>
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
        <source>Requested</source>
        <translation>Angefordert</translation>
    </message>
    <message>
        <source>Clinical question</source>
        <translation>Fragestellung</translation>
    </message>
    <message>
        <source>Requested by</source>
        <translation>Angefordert von</translation>
    </message>
    <message>
        <source>Referred by</source>
        <translation>Überwiesen von</translation>
    </message>
    <message>
        <source>Admission</source>
        <translation>Fallnummer</translation>
    </message>
    <message>
        <source>Received</source>
        <translation>Eingang</translation>
    </message>
    <message>
        <source>waiting</source>
        <translation>wartet</translation>
    </message>
    <message>
        <source>held</source>
        <translation>angehalten</translation>
    </message>
    <message>
        <source>being sent</source>
        <translation>wird gesendet</translation>
    </message>
    <message>
        <source>at work</source>
        <translation>in Arbeit</translation>
    </message>
    <message>
        <source>stored, not confirmed</source>
        <translation>abgelegt, nicht bestätigt</translation>
    </message>
    <message>
        <source>dead</source>
        <translation>aufgegeben</translation>
    </message>
    <message>
        <source>kept back: it would identify the patient</source>
        <translation>zurückgehalten: es würde den Patienten erkennen lassen</translation>
    </message>
    <message>
        <source>draft of a film</source>
        <translation>Entwurf zu einer Aufnahme</translation>
    </message>
    <message>
        <source>answer to a question</source>
        <translation>Antwort auf eine Frage</translation>
    </message>
    <message>
        <source>where sentences rest on the film</source>
        <translation>worauf Sätze im Bild beruhen</translation>
    </message>
    <message>
        <source>film drawn for teaching</source>
        <translation>Lehrbild</translation>
    </message>
    <message>
        <source>round trip of a draft</source>
        <translation>Gegenprobe eines Entwurfs</translation>
    </message>
    <message>
        <source>findings of a signed report</source>
        <translation>Einzelbefunde eines unterschriebenen Befunds</translation>
    </message>
    <message>
        <source>All</source>
        <translation>Alle</translation>
    </message>
    <message>
        <source>Waiting</source>
        <translation>Wartend</translation>
    </message>
    <message>
        <source>Oldest</source>
        <translation>Ältestes</translation>
    </message>
    <message>
        <source>Not confirmed</source>
        <translation>Nicht bestätigt</translation>
    </message>
    <message>
        <source>Held</source>
        <translation>Angehalten</translation>
    </message>
    <message>
        <source>Dead letters</source>
        <translation>Aufgegeben</translation>
    </message>
    <message>
        <source>Hold</source>
        <translation>Anhalten</translation>
    </message>
    <message>
        <source>Release</source>
        <translation>Weiterlaufen lassen</translation>
    </message>
    <message>
        <source>Try now</source>
        <translation>Jetzt versuchen</translation>
    </message>
    <message>
        <source>{word}, again in {seconds} s</source>
        <translation>{word}, wieder in {seconds} s</translation>
    </message>
    <message>
        <source>What was said of the chosen row</source>
        <translation>Was zur gewählten Zeile gesagt wurde</translation>
    </message>
    <message>
        <source>Show: {what}, {count}</source>
        <translation>Zeigen: {what}, {count}</translation>
    </message>
    <message>
        <source>{count} wait; dead and held ones and the oldest stand here, {rows} in all.</source>
        <translation>{count} warten; hier stehen die aufgegebenen, die angehaltenen und die ältesten, zusammen {rows}.</translation>
    </message>
    <message>
        <source>What waits, what is held, and what nobody tries any more. Choose several rows with Shift or Ctrl.</source>
        <translation>Was wartet, was angehalten ist und was niemand mehr versucht. Mehrere Zeilen mit Umschalt oder Strg wählen.</translation>
    </message>
    <message>
        <source>Documents on their way</source>
        <translation>Dokumente unterwegs</translation>
    </message>
    <message>
        <source>Tries</source>
        <translation>Versuche</translation>
    </message>
    <message>
        <source>Made</source>
        <translation>Erstellt</translation>
    </message>
    <message>
        <source>What was said</source>
        <translation>Was gesagt wurde</translation>
    </message>
    <message>
        <source>Send again</source>
        <translation>Erneut senden</translation>
    </message>
    <message>
        <source>Work for engines</source>
        <translation>Arbeit für Modellrechner</translation>
    </message>
    <message>
        <source>Work</source>
        <translation>Arbeit</translation>
    </message>
    <message>
        <source>{done} of {most}</source>
        <translation>{done} von {most}</translation>
    </message>
    <message>
        <source>Asked</source>
        <translation>Erbeten</translation>
    </message>
    <message>
        <source>Do again</source>
        <translation>Erneut ausführen</translation>
    </message>
    <message>
        <source>What the gate found…</source>
        <translation>Was die Ausgangsprüfung fand …</translation>
    </message>
    <message>
        <source>What the gate found in the chosen documents</source>
        <translation>Was die Ausgangsprüfung an den gewählten Dokumenten fand</translation>
    </message>
    <message>
        <source>Documents</source>
        <translation>Dokumente</translation>
    </message>
    <message>
        <source>Engine work</source>
        <translation>Modellarbeit</translation>
    </message>
    <message>
        <source>A filter&apos;s name has 1 to {most} characters; this one has {count}.</source>
        <translation>Der Name eines Filters hat 1 bis {most} Zeichen; dieser hat {count}.</translation>
    </message>
    <message>
        <source>Choose another name.</source>
        <translation>Wählen Sie einen anderen Namen.</translation>
    </message>
    <message>
        <source>The filter &apos;{name}&apos; has no state, so it would never show a study.</source>
        <translation>Der Filter „{name}“ hat keinen Status, er würde nie eine Studie zeigen.</translation>
    </message>
    <message>
        <source>Tick at least one state.</source>
        <translation>Kreuzen Sie mindestens einen Status an.</translation>
    </message>
    <message>
        <source>There is a filter &apos;{name}&apos; already.</source>
        <translation>Einen Filter „{name}“ gibt es schon.</translation>
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
        <source>Short name in rules and tables</source>
        <translation>Kurzname in Regeln und Tabellen</translation>
    </message>
    <message>
        <source>AE title</source>
        <translation>AE-Titel</translation>
    </message>
    <message>
        <source>As its administrator says it, at most 16 characters</source>
        <translation>Wie ihn der Betreiber nennt, höchstens 16 Zeichen</translation>
    </message>
    <message>
        <source>Empty: left out</source>
        <translation>Leer: bleibt weg</translation>
    </message>
    <message>
        <source>Host</source>
        <translation>Rechner</translation>
    </message>
    <message>
        <source>Host name or address</source>
        <translation>Rechnername oder Adresse</translation>
    </message>
    <message>
        <source>Port</source>
        <translation>Port</translation>
    </message>
    <message>
        <source>We call ourselves (MSH-3)</source>
        <translation>Wir nennen uns (MSH-3)</translation>
    </message>
    <message>
        <source>Our facility (MSH-4)</source>
        <translation>Unsere Einrichtung (MSH-4)</translation>
    </message>
    <message>
        <source>Its application (MSH-5)</source>
        <translation>Deren Anwendung (MSH-5)</translation>
    </message>
    <message>
        <source>Its facility (MSH-6)</source>
        <translation>Deren Einrichtung (MSH-6)</translation>
    </message>
    <message>
        <source>Base URL</source>
        <translation>Basis-URL</translation>
    </message>
    <message>
        <source>Token in the variable</source>
        <translation>Token in der Variablen</translation>
    </message>
    <message>
        <source>A variable&apos;s name, such as EHR_TOKEN</source>
        <translation>Name einer Variablen, etwa EHR_TOKEN</translation>
    </message>
    <message>
        <source>Or in the file (keys/)</source>
        <translation>Oder in der Datei (keys/)</translation>
    </message>
    <message>
        <source>A file&apos;s name, such as ehr</source>
        <translation>Name einer Datei, etwa ehr</translation>
    </message>
    <message>
        <source>HL7 v2 by MLLP</source>
        <translation>HL7 v2 über MLLP</translation>
    </message>
    <message>
        <source>FHIR R4</source>
        <translation>FHIR R4</translation>
    </message>
    <message>
        <source>HL7 and FHIR</source>
        <translation>HL7 und FHIR</translation>
    </message>
    <message>
        <source>Receivers of HL7 messages and FHIR servers; what goes there, and when, stands under Outputs. A try sends no report: HL7 is called by TCP and nothing said, a FHIR server is asked for its CapabilityStatement. HL7 travels in clear, so inside the hospital&apos;s network only.</source>
        <translation>Empfänger von HL7-Nachrichten und FHIR-Server; was wann dorthin geht, steht unter Ausgänge. Ein Versuch sendet keinen Befund: HL7 wird per TCP angerufen und nichts gesagt, ein FHIR-Server nach seinem CapabilityStatement gefragt. HL7 reist unverschlüsselt, also nur im Netz des Hauses.</translation>
    </message>
    <message>
        <source>HL7 and FHIR destinations</source>
        <translation>HL7- und FHIR-Ziele</translation>
    </message>
    <message>
        <source>Way</source>
        <translation>Weg</translation>
    </message>
    <message>
        <source>The chosen HL7 receiver</source>
        <translation>Der gewählte HL7-Empfänger</translation>
    </message>
    <message>
        <source>The chosen FHIR server</source>
        <translation>Der gewählte FHIR-Server</translation>
    </message>
    <message>
        <source>Add an HL7 receiver</source>
        <translation>HL7-Empfänger hinzufügen</translation>
    </message>
    <message>
        <source>Add a FHIR server</source>
        <translation>FHIR-Server hinzufügen</translation>
    </message>
    <message>
        <source>Remove the destination</source>
        <translation>Das Ziel entfernen</translation>
    </message>
    <message>
        <source>Try</source>
        <translation>Versuchen</translation>
    </message>
    <message>
        <source>Try the destination, without a report</source>
        <translation>Das Ziel versuchen, ohne Befund</translation>
    </message>
    <message>
        <source>What the FHIR server says it takes</source>
        <translation>Was der FHIR-Server anzunehmen angibt</translation>
    </message>
    <message>
        <source>Listed</source>
        <translation>Genannt</translation>
    </message>
    <message>
        <source>Resource</source>
        <translation>Ressource</translation>
    </message>
    <message>
        <source>What may be done with it</source>
        <translation>Was damit getan werden kann</translation>
    </message>
    <message>
        <source>The destination and its outputs were taken out of the written document.</source>
        <translation>Das Ziel und seine Ausgänge wurden aus dem geschriebenen Dokument genommen.</translation>
    </message>
    <message>
        <source>Quiet time</source>
        <translation>Ruhezeit</translation>
    </message>
    <message>
        <source>Seconds; empty: the site&apos;s</source>
        <translation>Sekunden; leer: die des Standorts</translation>
    </message>
    <message>
        <source>Used for</source>
        <translation>Verwendet für</translation>
    </message>
    <message>
        <source>C-MOVE to this node</source>
        <translation>C-MOVE an diesen Knoten</translation>
    </message>
    <message>
        <source>C-GET or WADO-RS</source>
        <translation>C-GET oder WADO-RS</translation>
    </message>
    <message>
        <source>images</source>
        <translation>Bilder</translation>
    </message>
    <message>
        <source>reports</source>
        <translation>Befunde</translation>
    </message>
    <message>
        <source>documents</source>
        <translation>Dokumente</translation>
    </message>
    <message>
        <source>procedure steps (MPPS)</source>
        <translation>Arbeitsschritte (MPPS)</translation>
    </message>
    <message>
        <source>availability of instances (IAN)</source>
        <translation>Verfügbarkeit von Instanzen (IAN)</translation>
    </message>
    <message>
        <source>not at all</source>
        <translation>gar nicht</translation>
    </message>
    <message>
        <source>basic profile</source>
        <translation>Grundprofil</translation>
    </message>
    <message>
        <source>Connection</source>
        <translation>Verbindung</translation>
    </message>
    <message>
        <source>What it may send</source>
        <translation>Was sie senden darf</translation>
    </message>
    <message>
        <source>SOP Class UIDs, comma between</source>
        <translation>SOP Class UIDs, mit Komma getrennt</translation>
    </message>
    <message>
        <source>What it tells</source>
        <translation>Was sie mitteilt</translation>
    </message>
    <message>
        <source>Name of a peer</source>
        <translation>Name einer Gegenstelle</translation>
    </message>
    <message>
        <source>Storage confirmed by</source>
        <translation>Ablage bestätigt durch</translation>
    </message>
    <message>
        <source>May send films to us</source>
        <translation>Darf uns Aufnahmen senden</translation>
    </message>
    <message>
        <source>patients&apos; care</source>
        <translation>Krankenversorgung</translation>
    </message>
    <message>
        <source>clean graphics</source>
        <translation>Grafik bereinigen</translation>
    </message>
    <message>
        <source>clean structured content</source>
        <translation>strukturierten Inhalt bereinigen</translation>
    </message>
    <message>
        <source>clean descriptors</source>
        <translation>Beschreibungen bereinigen</translation>
    </message>
    <message>
        <source>retain full dates</source>
        <translation>Daten ganz behalten</translation>
    </message>
    <message>
        <source>retain modified dates</source>
        <translation>Daten verschoben behalten</translation>
    </message>
    <message>
        <source>retain patient characteristics</source>
        <translation>Merkmale des Patienten behalten</translation>
    </message>
    <message>
        <source>retain device identity</source>
        <translation>Identität der Geräte behalten</translation>
    </message>
    <message>
        <source>retain institution identity</source>
        <translation>Identität der Einrichtung behalten</translation>
    </message>
    <message>
        <source>retain UIDs</source>
        <translation>UIDs behalten</translation>
    </message>
    <message>
        <source>retain safe private elements</source>
        <translation>sichere private Elemente behalten</translation>
    </message>
    <message>
        <source>Receiving from it</source>
        <translation>Empfangen von ihr</translation>
    </message>
    <message>
        <source>Sending to it</source>
        <translation>Senden an sie</translation>
    </message>
    <message>
        <source>Is asked who the patient is</source>
        <translation>Wird gefragt, wer der Patient ist</translation>
    </message>
    <message>
        <source>Priors and orders</source>
        <translation>Voruntersuchungen und Aufträge</translation>
    </message>
    <message>
        <source>Is asked for earlier films</source>
        <translation>Wird nach früheren Aufnahmen gefragt</translation>
    </message>
    <message>
        <source>Years back</source>
        <translation>Jahre zurück</translation>
    </message>
    <message>
        <source>Studies at most</source>
        <translation>Untersuchungen höchstens</translation>
    </message>
    <message>
        <source>Fetched by</source>
        <translation>Geholt durch</translation>
    </message>
    <message>
        <source>Is asked for orders</source>
        <translation>Wird nach Aufträgen gefragt</translation>
    </message>
    <message>
        <source>Limits</source>
        <translation>Grenzen</translation>
    </message>
    <message>
        <source>Rate, MB/s</source>
        <translation>Rate, MB/s</translation>
    </message>
    <message>
        <source>Associations at once</source>
        <translation>Assoziationen zugleich</translation>
    </message>
    <message>
        <source>Security</source>
        <translation>Sicherheit</translation>
    </message>
    <message>
        <source>Accepted from its host only</source>
        <translation>Nur von ihrem Rechner angenommen</translation>
    </message>
    <message>
        <source>By TLS only</source>
        <translation>Nur über TLS</translation>
    </message>
    <message>
        <source>Name in its certificate</source>
        <translation>Name in ihrem Zertifikat</translation>
    </message>
    <message>
        <source>Fingerprint of its certificate</source>
        <translation>Fingerabdruck ihres Zertifikats</translation>
    </message>
    <message>
        <source>User name that we give</source>
        <translation>Benutzername, den wir nennen</translation>
    </message>
    <message>
        <source>Password in the variable</source>
        <translation>Passwort in der Variablen</translation>
    </message>
    <message>
        <source>User name that it must give</source>
        <translation>Benutzername, den sie nennen muss</translation>
    </message>
    <message>
        <source>Its password in the variable</source>
        <translation>Ihr Passwort in der Variablen</translation>
    </message>
    <message>
        <source>DICOMweb</source>
        <translation>DICOMweb</translation>
    </message>
    <message>
        <source>empty: by AE title</source>
        <translation>leer: über AE-Titel</translation>
    </message>
    <message>
        <source>Authorities in the file (keys/)</source>
        <translation>Zertifizierungsstellen in der Datei (keys/)</translation>
    </message>
    <message>
        <source>Workitems that are claimed</source>
        <translation>Übernommene Workitems</translation>
    </message>
    <message>
        <source>Its token, in the file (keys/)</source>
        <translation>Ihr Token, in der Datei (keys/)</translation>
    </message>
    <message>
        <source>Name in its client certificate</source>
        <translation>Name in ihrem Client-Zertifikat</translation>
    </message>
    <message>
        <source>De-identified</source>
        <translation>De-identifiziert</translation>
    </message>
    <message>
        <source>Research project</source>
        <translation>Forschungsprojekt</translation>
    </message>
    <message>
        <source>Options of the profile</source>
        <translation>Optionen des Profils</translation>
    </message>
    <message>
        <source>Patience</source>
        <translation>Geduld</translation>
    </message>
    <message>
        <source>Counted by</source>
        <translation>Gezählt von</translation>
    </message>
    <message>
        <source>research</source>
        <translation>Forschung</translation>
    </message>
    <message>
        <source>tests</source>
        <translation>Tests</translation>
    </message>
    <message>
        <source>whichever it has</source>
        <translation>was es kann</translation>
    </message>
    <message>
        <source>storage commitment</source>
        <translation>Storage Commitment</translation>
    </message>
    <message>
        <source>a query</source>
        <translation>eine Abfrage</translation>
    </message>
    <message>
        <source>answers C-ECHO</source>
        <translation>antwortet auf C-ECHO</translation>
    </message>
    <message>
        <source>confirms what it stores</source>
        <translation>bestätigt, was sie ablegt</translation>
    </message>
    <message>
        <source>can be asked for studies and identities</source>
        <translation>lässt sich nach Studien und Identitäten fragen</translation>
    </message>
    <message>
        <source>can be asked to send studies</source>
        <translation>lässt sich um Studien bitten</translation>
    </message>
    <message>
        <source>can hand studies over on the same association</source>
        <translation>gibt Studien auf derselben Verbindung heraus</translation>
    </message>
    <message>
        <source>a document that it can store</source>
        <translation>ein Dokument, das sie ablegen kann</translation>
    </message>
    <message>
        <source>an image that it can store</source>
        <translation>ein Bild, das sie ablegen kann</translation>
    </message>
    <message>
        <source>It knows the class, but none of the transfer syntaxes.</source>
        <translation>Sie kennt die Klasse, aber keine der Transfersyntaxen.</translation>
    </message>
    <message>
        <source>It doesn&apos;t know the class, or doesn&apos;t allow it to us.</source>
        <translation>Sie kennt die Klasse nicht oder erlaubt sie uns nicht.</translation>
    </message>
    <message>
        <source>Who may send films to us and who gets our reports. Changes count once they are in force.</source>
        <translation>Wer uns Aufnahmen senden darf und wer unsere Befunde bekommt. Änderungen gelten erst, wenn sie in Kraft sind.</translation>
    </message>
    <message>
        <source>Line for the PACS team</source>
        <translation>Zeile für das PACS-Team</translation>
    </message>
    <message>
        <source>Displays…</source>
        <translation>Anzeigen …</translation>
    </message>
    <message>
        <source>Find out what the peer&apos;s displays show</source>
        <translation>Herausfinden, was die Anzeigen der Gegenstelle zeigen</translation>
    </message>
    <message>
        <source>Address</source>
        <translation>Adresse</translation>
    </message>
    <message>
        <source>Echo</source>
        <translation>Echo</translation>
    </message>
    <message>
        <source>Ask the peer to answer (C-ECHO)</source>
        <translation>Gegenstelle um Antwort bitten (C-ECHO)</translation>
    </message>
    <message>
        <source>Probe</source>
        <translation>Abfragen</translation>
    </message>
    <message>
        <source>Find out what the peer takes</source>
        <translation>Herausfinden, was die Gegenstelle annimmt</translation>
    </message>
    <message>
        <source>Remove</source>
        <translation>Entfernen</translation>
    </message>
    <message>
        <source>Remove the peer</source>
        <translation>Gegenstelle entfernen</translation>
    </message>
    <message>
        <source>What the peer takes</source>
        <translation>Was die Gegenstelle annimmt</translation>
    </message>
    <message>
        <source>Taken</source>
        <translation>Nimmt an</translation>
    </message>
    <message>
        <source>Service or kind</source>
        <translation>Dienst oder Art</translation>
    </message>
    <message>
        <source>Use</source>
        <translation>Wozu</translation>
    </message>
    <message>
        <source>Transfer syntaxes</source>
        <translation>Transfersyntaxen</translation>
    </message>
    <message>
        <source>Copy</source>
        <translation>Kopieren</translation>
    </message>
    <message>
        <source>Copy the line for the PACS team</source>
        <translation>Zeile für das PACS-Team kopieren</translation>
    </message>
    <message>
        <source>For the PACS team</source>
        <translation>Für das PACS-Team</translation>
    </message>
    <message>
        <source>Add a peer</source>
        <translation>Gegenstelle anlegen</translation>
    </message>
    <message>
        <source>The chosen peer</source>
        <translation>Die gewählte Gegenstelle</translation>
    </message>
    <message>
        <source>What is wrong with: {field}</source>
        <translation>Was nicht stimmt mit: {field}</translation>
    </message>
    <message>
        <source>AE title {title}, host {host}, port {port}</source>
        <translation>AE-Titel {title}, Rechner {host}, Port {port}</translation>
    </message>
    <message>
        <source>AE title {title}, port {port}; start the node to see its host</source>
        <translation>AE-Titel {title}, Port {port}; der Rechner steht hier, sobald der Knoten läuft</translation>
    </message>
    <message>
        <source>{line}, by TLS port {port}</source>
        <translation>{line}, über TLS Port {port}</translation>
    </message>
    <message>
        <source>{line}; STOW-RS at {address}</source>
        <translation>{line}; STOW-RS unter {address}</translation>
    </message>
    <message>
        <source>The line was copied.</source>
        <translation>Die Zeile wurde kopiert.</translation>
    </message>
    <message>
        <source>The peer, its outputs and its rules were taken out of the written document.</source>
        <translation>Die Gegenstelle, ihre Ausgaben und ihre Regeln wurden aus dem geschriebenen Dokument genommen.</translation>
    </message>
    <message>
        <source>The ticks stand in the written document. Put it in force to keep them.</source>
        <translation>Die Häkchen stehen im geschriebenen Dokument. Setzen Sie es in Kraft, um sie zu behalten.</translation>
    </message>
    <message>
        <source>The peer is no longer in the written document.</source>
        <translation>Die Gegenstelle steht nicht mehr im geschriebenen Dokument.</translation>
    </message>
    <message>
        <source>{words} It is {implementation}.</source>
        <translation>{words} Es ist {implementation}.</translation>
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
        <translation>Eingereiht</translation>
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
        <source>Sent back</source>
        <translation>Zurückgegeben</translation>
    </message>
    <message>
        <source>Working…</source>
        <translation>Wird bearbeitet…</translation>
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
    <message>
        <source>Films and documents</source>
        <translation>Aufnahmen und Dokumente</translation>
    </message>
    <message>
        <source>Database</source>
        <translation>Datenbank</translation>
    </message>
    <message>
        <source>Enough room.</source>
        <translation>Genug Platz.</translation>
    </message>
    <message>
        <source>Getting full: free some space, or films will be refused.</source>
        <translation>Wird voll: Platz schaffen, sonst werden Aufnahmen abgewiesen.</translation>
    </message>
    <message>
        <source>Full: nothing more is taken until there is room again.</source>
        <translation>Voll: Nichts wird mehr angenommen, bis wieder Platz ist.</translation>
    </message>
    <message>
        <source>{what}: used space</source>
        <translation>{what}: belegter Platz</translation>
    </message>
    <message>
        <source>{free} of {total} free ({share} % used). {verdict}</source>
        <translation>{free} von {total} frei ({share} % belegt). {verdict}</translation>
    </message>
    <message>
        <source>{said} At the rate of the last day there is room for {days} days.</source>
        <translation>{said} Beim Zuwachs des letzten Tages reicht der Platz für {days} Tage.</translation>
    </message>
    <message>
        <source>{path}; warned below {warns}, the listener takes nothing below {stops}</source>
        <translation>{path}; Warnung unter {warns}, der Empfänger nimmt unter {stops} nichts an</translation>
    </message>
    <message>
        <source>{path}; warned below {warns}</source>
        <translation>{path}; Warnung unter {warns}</translation>
    </message>
    <message>
        <source>Disk</source>
        <translation>Speicherplatz</translation>
    </message>
    <message>
        <source>Room for films, documents and the database, as this machine sees it.</source>
        <translation>Platz für Aufnahmen, Dokumente und Datenbank, wie dieser Rechner ihn sieht.</translation>
    </message>
    <message>
        <source>Rows in the database</source>
        <translation>Zeilen in der Datenbank</translation>
    </message>
    <message>
        <source>Table</source>
        <translation>Tabelle</translation>
    </message>
    <message>
        <source>Rows</source>
        <translation>Zeilen</translation>
    </message>
    <message>
        <source>{studies} studies with {instances} instances ({bytes}) since {since}, {rate} a day; {documents} documents made; the database takes {database}.</source>
        <translation>{studies} Studien mit {instances} Instanzen ({bytes}) seit {since}, {rate} am Tag; {documents} Dokumente erstellt; die Datenbank belegt {database}.</translation>
    </message>
    <message>
        <source>about {number}</source>
        <translation>etwa {number}</translation>
    </message>
    <message>
        <source>Site document</source>
        <translation>Standortdokument</translation>
    </message>
    <message>
        <source>All rules of the site as one text (TOML). The forms change this same text and keep its comments.</source>
        <translation>Alle Regeln des Standorts als ein Text (TOML). Die Formulare ändern denselben Text und lassen Kommentare stehen.</translation>
    </message>
    <message>
        <source>Faults of the document</source>
        <translation>Fehler im Dokument</translation>
    </message>
    <message>
        <source>Line</source>
        <translation>Zeile</translation>
    </message>
    <message>
        <source>What is wrong</source>
        <translation>Was nicht stimmt</translation>
    </message>
    <message>
        <source>Versions</source>
        <translation>Fassungen</translation>
    </message>
    <message>
        <source>Version</source>
        <translation>Fassung</translation>
    </message>
    <message>
        <source>By</source>
        <translation>Von</translation>
    </message>
    <message>
        <source>In force since</source>
        <translation>In Kraft seit</translation>
    </message>
    <message>
        <source>Take up this version</source>
        <translation>Diese Fassung aufgreifen</translation>
    </message>
    <message>
        <source>Take up an earlier version</source>
        <translation>Eine frühere Fassung aufgreifen</translation>
    </message>
    <message>
        <source>Choose a version first.</source>
        <translation>Wählen Sie zuerst eine Fassung.</translation>
    </message>
    <message>
        <source>Version {version} is being written again; put it in force to go back.</source>
        <translation>Fassung {version} liegt wieder zum Schreiben vor; setzen Sie sie in Kraft, um zurückzukehren.</translation>
    </message>
    <message>
        <source>AI draft, marked as not reviewed</source>
        <translation>KI-Entwurf, als ungeprüft gekennzeichnet</translation>
    </message>
    <message>
        <source>Signed report</source>
        <translation>Unterschriebener Befund</translation>
    </message>
    <message>
        <source>Origin of each sentence</source>
        <translation>Herkunft jedes Satzes</translation>
    </message>
    <message>
        <source>AI findings</source>
        <translation>KI-Befunde</translation>
    </message>
    <message>
        <source>Report as PDF</source>
        <translation>Befund als PDF</translation>
    </message>
    <message>
        <source>Film with regions</source>
        <translation>Aufnahme mit Bereichen</translation>
    </message>
    <message>
        <source>Marked regions</source>
        <translation>Markierte Bereiche</translation>
    </message>
    <message>
        <source>Key image</source>
        <translation>Schlüsselbild</translation>
    </message>
    <message>
        <source>Generated films</source>
        <translation>Erzeugte Aufnahmen</translation>
    </message>
    <message>
        <source>HL7 message (ORU)</source>
        <translation>HL7-Nachricht (ORU)</translation>
    </message>
    <message>
        <source>FHIR report</source>
        <translation>FHIR-Befund</translation>
    </message>
    <message>
        <source>Addendum</source>
        <translation>Nachtrag</translation>
    </message>
    <message>
        <source>Received image, forwarded</source>
        <translation>Empfangenes Bild, weitergeleitet</translation>
    </message>
    <message>
        <source>Note that a draft was rejected</source>
        <translation>Vermerk, dass ein Entwurf abgelehnt wurde</translation>
    </message>
    <message>
        <source>Note that a report was retracted</source>
        <translation>Vermerk, dass ein Befund zurückgezogen wurde</translation>
    </message>
    <message>
        <source>not sent</source>
        <translation>nicht gesendet</translation>
    </message>
    <message>
        <source>sent</source>
        <translation>gesendet</translation>
    </message>
    <message>
        <source>sent, and required</source>
        <translation>gesendet, und erforderlich</translation>
    </message>
    <message>
        <source>sent once signed</source>
        <translation>gesendet, sobald unterschrieben</translation>
    </message>
    <message>
        <source>sent once signed, and required</source>
        <translation>gesendet, sobald unterschrieben, und verlangt</translation>
    </message>
    <message>
        <source>sent with the draft</source>
        <translation>gesendet mit dem Entwurf</translation>
    </message>
    <message>
        <source>sent with the draft and once signed</source>
        <translation>gesendet mit dem Entwurf und sobald unterschrieben</translation>
    </message>
    <message>
        <source>sent with the draft and once signed, and required</source>
        <translation>gesendet mit dem Entwurf und sobald unterschrieben, und verlangt</translation>
    </message>
    <message>
        <source>with the draft</source>
        <translation>mit dem Entwurf</translation>
    </message>
    <message>
        <source>once signed</source>
        <translation>sobald unterschrieben</translation>
    </message>
    <message>
        <source>Outputs</source>
        <translation>Ausgänge</translation>
    </message>
    <message>
        <source>Which document goes where, and when. A study is confirmed once every required delivery is. By default no draft leaves. Addenda go where signed reports go, and a note that a document was rejected or retracted to everybody who holds it.</source>
        <translation>Welches Dokument wohin geht, und wann. Eine Studie ist bestätigt, sobald es jede verlangte Lieferung ist. Von sich aus verlässt kein Entwurf das Haus. Nachträge gehen dorthin, wohin unterschriebene Befunde gehen, und eine Notiz, dass ein Dokument verworfen oder zurückgezogen wurde, an alle, die es haben.</translation>
    </message>
    <message>
        <source>Output matrix</source>
        <translation>Ausgangsmatrix</translation>
    </message>
    <message>
        <source>Dry run</source>
        <translation>Probelauf</translation>
    </message>
    <message>
        <source>List what would leave</source>
        <translation>Auflisten, was hinausginge</translation>
    </message>
    <message>
        <source>What would leave</source>
        <translation>Was hinausginge</translation>
    </message>
    <message>
        <source>Document</source>
        <translation>Dokument</translation>
    </message>
    <message>
        <source>To</source>
        <translation>An</translation>
    </message>
    <message>
        <source>Required</source>
        <translation>Erforderlich</translation>
    </message>
    <message>
        <source>yes</source>
        <translation>ja</translation>
    </message>
    <message>
        <source>no</source>
        <translation>nein</translation>
    </message>
    <message>
        <source>Seen on its displays by an administrator.</source>
        <translation>Von einem Administrator auf seinen Bildschirmen gesehen.</translation>
    </message>
    <message>
        <source>never to a clinical peer</source>
        <translation>nie an eine klinische Gegenstelle</translation>
    </message>
    <message>
        <source>There are no peers yet.</source>
        <translation>Es gibt noch keine Gegenstellen.</translation>
    </message>
    <message>
        <source>{document} to {peer}</source>
        <translation>{document} an {peer}</translation>
    </message>
    <message>
        <source>Trying the document on recent studies…</source>
        <translation>Das Dokument wird an den letzten Studien erprobt…</translation>
    </message>
    <message>
        <source>Of the {studies} latest studies {count} documents would leave, once they are drafted and signed.</source>
        <translation>Von den letzten {studies} Studien gingen {count} Dokumente hinaus, sobald sie entworfen und unterschrieben sind.</translation>
    </message>
    <message>
        <source>Administration</source>
        <translation>Verwaltung</translation>
    </message>
    <message>
        <source>Peers</source>
        <translation>Gegenstellen</translation>
    </message>
    <message>
        <source>Rules</source>
        <translation>Regeln</translation>
    </message>
    <message>
        <source>Retention</source>
        <translation>Aufbewahrung</translation>
    </message>
    <message>
        <source>Queues</source>
        <translation>Warteschlangen</translation>
    </message>
    <message>
        <source>Throughput</source>
        <translation>Durchsatz</translation>
    </message>
    <message>
        <source>De-identification</source>
        <translation>De-Identifizierung</translation>
    </message>
    <message>
        <source>Users</source>
        <translation>Benutzer</translation>
    </message>
    <message>
        <source>Self-test</source>
        <translation>Selbsttest</translation>
    </message>
    <message>
        <source>Sections of the administration</source>
        <translation>Abschnitte der Verwaltung</translation>
    </message>
    <message>
        <source>State of the site document</source>
        <translation>Stand des Standortdokuments</translation>
    </message>
    <message>
        <source>Put in force</source>
        <translation>In Kraft setzen</translation>
    </message>
    <message>
        <source>Put the site document in force</source>
        <translation>Standortdokument in Kraft setzen</translation>
    </message>
    <message>
        <source>Discard</source>
        <translation>Verwerfen</translation>
    </message>
    <message>
        <source>Discard the changes to the site document</source>
        <translation>Änderungen am Standortdokument verwerfen</translation>
    </message>
    <message>
        <source>Changed, and not in force yet. Version {version} is in force.</source>
        <translation>Geändert und noch nicht in Kraft. In Kraft ist Fassung {version}.</translation>
    </message>
    <message>
        <source>This is version {version} of the site document, in force.</source>
        <translation>Dies ist Fassung {version} des Standortdokuments, in Kraft.</translation>
    </message>
    <message>
        <source>No site document is in force yet.</source>
        <translation>Noch ist kein Standortdokument in Kraft.</translation>
    </message>
    <message>
        <source>Line {line}: {sentence}</source>
        <translation>Zeile {line}: {sentence}</translation>
    </message>
    <message numerus="yes">
        <source>And %n more.</source>
        <translation>
            <numerusform>Und %n weiterer.</numerusform>
            <numerusform>Und %n weitere.</numerusform>
        </translation>
    </message>
    <message>
        <source>{user} put version {version} in force meanwhile, and these changes begin from version {base}: they would undo it. Copy what you need from the site document, discard, and make the changes again.</source>
        <translation>{user} hat inzwischen Fassung {version} in Kraft gesetzt, und diese Änderungen gehen von Fassung {base} aus: Sie würden jene rückgängig machen. Kopieren Sie aus dem Standortdokument, was Sie brauchen, verwerfen Sie die Änderungen, und nehmen Sie sie neu vor.</translation>
    </message>
    <message>
        <source>the last 24 hours</source>
        <translation>die letzten 24 Stunden</translation>
    </message>
    <message>
        <source>the last 7 days, by the hour</source>
        <translation>die letzten 7 Tage, nach Stunden</translation>
    </message>
    <message>
        <source>the last 30 days</source>
        <translation>die letzten 30 Tage</translation>
    </message>
    <message>
        <source>the last 180 days</source>
        <translation>die letzten 180 Tage</translation>
    </message>
    <message>
        <source>What came in, what was drafted and signed, and how long a draft took.</source>
        <translation>Was hereinkam, was entworfen und unterschrieben wurde und wie lange ein Entwurf brauchte.</translation>
    </message>
    <message>
        <source>Time to show</source>
        <translation>Gezeigter Zeitraum</translation>
    </message>
    <message>
        <source>Show</source>
        <translation>Zeigen</translation>
    </message>
    <message>
        <source>Studies</source>
        <translation>Studien</translation>
    </message>
    <message>
        <source>received</source>
        <translation>empfangen</translation>
    </message>
    <message>
        <source>signed</source>
        <translation>unterschrieben</translation>
    </message>
    <message>
        <source>studies an hour</source>
        <translation>Studien je Stunde</translation>
    </message>
    <message>
        <source>studies a day</source>
        <translation>Studien je Tag</translation>
    </message>
    <message>
        <source>From arrival to draft</source>
        <translation>Vom Eintreffen zum Entwurf</translation>
    </message>
    <message>
        <source>half of them within</source>
        <translation>die Hälfte binnen</translation>
    </message>
    <message>
        <source>nine of ten within</source>
        <translation>neun von zehn binnen</translation>
    </message>
    <message>
        <source>minutes</source>
        <translation>Minuten</translation>
    </message>
    <message>
        <source>In all: {received} received, {drafted} drafted, {signed} signed.</source>
        <translation>Insgesamt: {received} empfangen, {drafted} entworfen, {signed} unterschrieben.</translation>
    </message>
    <message>
        <source>Figures that are recorded with the decision</source>
        <translation>Zahlen, die mit der Entscheidung festgehalten werden</translation>
    </message>
    <message>
        <source>Figure</source>
        <translation>Größe</translation>
    </message>
    <message>
        <source>Value</source>
        <translation>Wert</translation>
    </message>
    <message>
        <source>Stands or overruled</source>
        <translation>Besteht oder übergangen</translation>
    </message>
    <message>
        <source>Reason to overrule</source>
        <translation>Grund, den Einwand zu übergehen</translation>
    </message>
    <message>
        <source>Reason</source>
        <translation>Grund</translation>
    </message>
    <message>
        <source>Why this objection</source>
        <translation>Warum dieser Einwand</translation>
    </message>
    <message>
        <source>Show in text</source>
        <translation>Im Text zeigen</translation>
    </message>
    <message>
        <source>Show the words in the text</source>
        <translation>Die Wörter im Text zeigen</translation>
    </message>
    <message>
        <source>Overrule…</source>
        <translation>Übergehen…</translation>
    </message>
    <message>
        <source>Overrule this objection with a reason</source>
        <translation>Diesen Einwand mit Begründung übergehen</translation>
    </message>
    <message>
        <source>Overrule</source>
        <translation>Übergehen</translation>
    </message>
    <message>
        <source>Overrule for this reason</source>
        <translation>Aus diesem Grund übergehen</translation>
    </message>
    <message>
        <source>Objection</source>
        <translation>Einwand</translation>
    </message>
    <message>
        <source>Overruled: {reason}</source>
        <translation>Übergangen: {reason}</translation>
    </message>
    <message>
        <source>Let it stand</source>
        <translation>Bestehen lassen</translation>
    </message>
    <message>
        <source>Let this objection stand again</source>
        <translation>Diesen Einwand wieder bestehen lassen</translation>
    </message>
    <message>
        <source>Can&apos;t be overruled</source>
        <translation>Kann nicht übergangen werden</translation>
    </message>
    <message>
        <source>Stands</source>
        <translation>Besteht</translation>
    </message>
    <message>
        <source>Why, in your words; it is recorded with your name and the time</source>
        <translation>Warum, in Ihren Worten; es wird mit Ihrem Namen und der Zeit festgehalten</translation>
    </message>
    <message>
        <source>Say why: the decision is recorded with it.</source>
        <translation>Sagen Sie warum: Es wird mit der Entscheidung festgehalten.</translation>
    </message>
    <message>
        <source>Model</source>
        <translation>Modell</translation>
    </message>
    <message>
        <source>Hash of the weights</source>
        <translation>Prüfsumme der Gewichte</translation>
    </message>
    <message>
        <source>Device UID</source>
        <translation>Geräte-UID</translation>
    </message>
    <message>
        <source>Runtime</source>
        <translation>Laufzeitumgebung</translation>
    </message>
    <message>
        <source>Precision</source>
        <translation>Genauigkeit</translation>
    </message>
    <message>
        <source>Preprocessing</source>
        <translation>Vorverarbeitung</translation>
    </message>
    <message>
        <source>Findings it judges</source>
        <translation>Einzelbefunde, die es beurteilt</translation>
    </message>
    <message>
        <source>Findings it was shown to recognise</source>
        <translation>Einzelbefunde, die es nachweislich erkennt</translation>
    </message>
    <message>
        <source>Findings it can&apos;t judge</source>
        <translation>Einzelbefunde, die es nicht beurteilen kann</translation>
    </message>
    <message>
        <source>A second look beside the draft</source>
        <translation>Zweiter Blick neben dem Entwurf</translation>
    </message>
    <message>
        <source>Thresholds of drafts, as log-odds</source>
        <translation>Schwellen der Entwürfe, als Log-Odds</translation>
    </message>
    <message>
        <source>Input check: largest difference after coding</source>
        <translation>Eingangsprüfung: größte Abweichung nach der Kodierung</translation>
    </message>
    <message>
        <source>Input check: smallest difference after coding</source>
        <translation>Eingangsprüfung: kleinste Abweichung nach der Kodierung</translation>
    </message>
    <message>
        <source>Input check: least structure</source>
        <translation>Eingangsprüfung: geringste Struktur</translation>
    </message>
    <message>
        <source>Input check: least likeness to a chest film</source>
        <translation>Eingangsprüfung: geringste Ähnlichkeit mit einer Thoraxaufnahme</translation>
    </message>
    <message>
        <source>Model card</source>
        <translation>Modellkarte</translation>
    </message>
    <message>
        <source>in the shadow: compares, and drafts for no reader</source>
        <translation>im Schatten: vergleicht und entwirft für niemanden</translation>
    </message>
    <message>
        <source>drafts and answers for readers</source>
        <translation>entwirft und antwortet für Befunder</translation>
    </message>
    <message>
        <source>none</source>
        <translation>keine</translation>
    </message>
    <message>
        <source>{percent} % ({hits} of {of}; {low}–{high})</source>
        <translation>{percent} % ({hits} von {of}; {low}–{high})</translation>
    </message>
    <message>
        <source>Models to compare</source>
        <translation>Zu vergleichende Modelle</translation>
    </message>
    <message>
        <source>Only films on which they differ</source>
        <translation>Nur Aufnahmen, bei denen sie sich unterscheiden</translation>
    </message>
    <message>
        <source>The comparison in words</source>
        <translation>Der Vergleich in Worten</translation>
    </message>
    <message>
        <source>Agreement by finding</source>
        <translation>Übereinstimmung nach Einzelbefund</translation>
    </message>
    <message>
        <source>Finding</source>
        <translation>Einzelbefund</translation>
    </message>
    <message>
        <source>Agree</source>
        <translation>Stimmen überein</translation>
    </message>
    <message>
        <source>Both</source>
        <translation>Beide</translation>
    </message>
    <message>
        <source>Only the first</source>
        <translation>Nur das erste</translation>
    </message>
    <message>
        <source>Only the second</source>
        <translation>Nur das zweite</translation>
    </message>
    <message>
        <source>First as signed</source>
        <translation>Erstes wie unterschrieben</translation>
    </message>
    <message>
        <source>Second as signed</source>
        <translation>Zweites wie unterschrieben</translation>
    </message>
    <message>
        <source>Films</source>
        <translation>Aufnahmen</translation>
    </message>
    <message>
        <source>Drafted</source>
        <translation>Entworfen</translation>
    </message>
    <message>
        <source>They differ in</source>
        <translation>Sie unterscheiden sich in</translation>
    </message>
    <message>
        <source>nothing</source>
        <translation>nichts</translation>
    </message>
    <message>
        <source>Text of the first model</source>
        <translation>Text des ersten Modells</translation>
    </message>
    <message>
        <source>Text of the second model</source>
        <translation>Text des zweiten Modells</translation>
    </message>
    <message>
        <source>What readers saw</source>
        <translation>Was Befunder sahen</translation>
    </message>
    <message>
        <source>What the second model says</source>
        <translation>Was das zweite Modell sagt</translation>
    </message>
    <message>
        <source>{second} beside {first}</source>
        <translation>{second} neben {first}</translation>
    </message>
    <message>
        <source>No second model has drafted anything yet. Start one beside the engine with “llmcxr engine --shadow --model NAME”: it drafts the latest films again while nobody waits, and no reader sees what it says.</source>
        <translation>Noch hat kein zweites Modell etwas entworfen. Starten Sie eines neben dem Modellrechner mit „llmcxr engine --shadow --model NAME“: Es entwirft die letzten Aufnahmen noch einmal, solange niemand wartet, und kein Befunder sieht, was es sagt.</translation>
    </message>
    <message>
        <source>First: {first}. Second: {second}. On {films} films they affirm the same findings in {same}, and say the same words in {words}.</source>
        <translation>Erstes: {first}. Zweites: {second}. Bei {films} Aufnahmen bejahen sie dieselben Einzelbefunde in {same} und sagen dieselben Worte in {words}.</translation>
    </message>
    <message>
        <source>The first withheld {one}, the second {two} drafts.</source>
        <translation>Das erste hielt {one}, das zweite {two} Entwürfe zurück.</translation>
    </message>
    <message>
        <source>Withheld: {reason}</source>
        <translation>Zurückgehalten: {reason}</translation>
    </message>
    <message>
        <source>Model not accepted</source>
        <translation>Modell nicht angenommen</translation>
    </message>
    <message>
        <source>Hint</source>
        <translation>Hinweis</translation>
    </message>
    <message>
        <source>Facts of the model</source>
        <translation>Angaben zum Modell</translation>
    </message>
    <message>
        <source>Speed of drafts</source>
        <translation>Dauer der Entwürfe</translation>
    </message>
    <message>
        <source>Machine</source>
        <translation>Rechner</translation>
    </message>
    <message>
        <source>Drafts</source>
        <translation>Entwürfe</translation>
    </message>
    <message>
        <source>Half within</source>
        <translation>Hälfte binnen</translation>
    </message>
    <message>
        <source>{seconds} s</source>
        <translation>{seconds} s</translation>
    </message>
    <message>
        <source>Nine of ten within</source>
        <translation>Neun von zehn binnen</translation>
    </message>
    <message>
        <source>Accepted models</source>
        <translation>Angenommene Modelle</translation>
    </message>
    <message>
        <source>When (UTC)</source>
        <translation>Wann (UTC)</translation>
    </message>
    <message>
        <source>Accept this model…</source>
        <translation>Dieses Modell annehmen…</translation>
    </message>
    <message>
        <source>Withdraw the acceptance…</source>
        <translation>Annahme zurücknehmen…</translation>
    </message>
    <message>
        <source>About the model</source>
        <translation>Über das Modell</translation>
    </message>
    <message>
        <source>Card</source>
        <translation>Karte</translation>
    </message>
    <message>
        <source>Facts and thresholds</source>
        <translation>Angaben und Schwellen</translation>
    </message>
    <message>
        <source>Speed</source>
        <translation>Dauer</translation>
    </message>
    <message>
        <source>Comparison</source>
        <translation>Vergleich</translation>
    </message>
    <message>
        <source>Acceptance</source>
        <translation>Annahme</translation>
    </message>
    <message>
        <source>{model} drafts for readers here, but nobody has accepted it for this site. Accept it with a reason, or start the engine with an accepted model: “llmcxr engine --model accepted” takes the one that was accepted last.</source>
        <translation>{model} entwirft hier für Befunder, aber niemand hat das Modell für diesen Standort angenommen. Nehmen Sie es mit einer Begründung an, oder starten Sie den Modellrechner mit einem angenommenen Modell: „llmcxr engine --model accepted“ nimmt das zuletzt angenommene.</translation>
    </message>
    <message>
        <source>The model may draft at this site from now on, and an engine that follows the acceptance (bundle = &quot;accepted&quot;, or “llmcxr engine --model accepted”) takes it from its next start; one that runs goes on as it is. These figures, your reason, your name and the time are recorded in the audit trail, the rest in the site document.</source>
        <translation>Das Modell darf von jetzt an an diesem Standort entwerfen, und ein Modellrechner, der der Annahme folgt (bundle = &quot;accepted&quot; oder „llmcxr engine --model accepted“), nimmt es ab seinem nächsten Start; ein laufender bleibt, wie er ist. Diese Zahlen, Ihre Begründung, Ihr Name und die Zeit werden im Prüfprotokoll festgehalten, das Übrige im Standortdokument.</translation>
    </message>
    <message>
        <source>No engine runs. Start one with “llmcxr engine” to see its model.</source>
        <translation>Kein Modellrechner läuft. Starten Sie einen mit „llmcxr engine“, um sein Modell zu sehen.</translation>
    </message>
    <message>
        <source>No model was accepted for this site yet, so any may draft. The first acceptance ends that.</source>
        <translation>Für diesen Standort wurde noch kein Modell angenommen, deshalb darf jedes entwerfen. Die erste Annahme beendet das.</translation>
    </message>
    <message>
        <source>{promoted} was accepted last, but {model} still drafts. Start that engine again: with the setting bundle = &quot;accepted&quot; it takes the model accepted last, else say “llmcxr engine --model accepted”.</source>
        <translation>{promoted} wurde zuletzt angenommen, aber noch entwirft {model}. Starten Sie diesen Modellrechner neu: Mit der Einstellung bundle = &quot;accepted&quot; nimmt er das zuletzt angenommene Modell, sonst mit „llmcxr engine --model accepted“.</translation>
    </message>
    <message>
        <source>{model} (accepted last)</source>
        <translation>{model} (zuletzt angenommen)</translation>
    </message>
    <message>
        <source>This model is accepted already.</source>
        <translation>Dieses Modell ist schon angenommen.</translation>
    </message>
    <message>
        <source>Accept {model}</source>
        <translation>{model} annehmen</translation>
    </message>
    <message>
        <source>Withdraw {model}</source>
        <translation>{model} zurücknehmen</translation>
    </message>
    <message>
        <source>An engine with this model is shown as not accepted from now on; it isn&apos;t stopped.</source>
        <translation>Ein Modellrechner mit diesem Modell wird von nun an als nicht angenommen gezeigt; angehalten wird er nicht.</translation>
    </message>
    <message>
        <source>not noted</source>
        <translation>nicht vermerkt</translation>
    </message>
    <message>
        <source>{name} (this one)</source>
        <translation>{name} (dieser hier)</translation>
    </message>
    <message>
        <source>No engine runs, so there is no card to show.</source>
        <translation>Kein Modellrechner läuft, deshalb gibt es keine Karte zu zeigen.</translation>
    </message>
    <message>
        <source>This model came without a card.</source>
        <translation>Dieses Modell kam ohne Karte.</translation>
    </message>
    <message>
        <source>{model}, in the shadow</source>
        <translation>{model}, im Schatten</translation>
    </message>
    <message>
        <source>{model}, drafting</source>
        <translation>{model}, entwirft</translation>
    </message>
    <message>
        <source>Outcome</source>
        <translation>Ausgang</translation>
    </message>
    <message>
        <source>At work</source>
        <translation>In Arbeit</translation>
    </message>
    <message>
        <source>Refused: {reason}</source>
        <translation>Abgelehnt: {reason}</translation>
    </message>
    <message>
        <source>Writing the request…</source>
        <translation>Die Anforderung wird geschrieben…</translation>
    </message>
    <message>
        <source>The node hasn&apos;t answered yet. See that it runs; it decides the request as soon as it does.</source>
        <translation>Der Knoten hat noch nicht geantwortet. Sehen Sie nach, ob er läuft; sobald er läuft, entscheidet er die Anforderung.</translation>
    </message>
    <message>
        <source>Waiting for the node…</source>
        <translation>Warten auf den Knoten…</translation>
    </message>
    <message>
        <source>Quality</source>
        <translation>Qualität</translation>
    </message>
    <message>
        <source>{value} ({low}–{high})</source>
        <translation>{value} ({low}–{high})</translation>
    </message>
    <message>
        <source>Nothing to show for this time</source>
        <translation>Für diesen Zeitraum gibt es nichts zu zeigen</translation>
    </message>
    <message>
        <source>{name}: from {low} to {high}, last {last}</source>
        <translation>{name}: von {low} bis {high}, zuletzt {last}</translation>
    </message>
    <message>
        <source>As a table</source>
        <translation>Als Tabelle</translation>
    </message>
    <message>
        <source>{title}, as a table</source>
        <translation>{title}, als Tabelle</translation>
    </message>
    <message>
        <source>When</source>
        <translation>Wann</translation>
    </message>
    <message>
        <source>the last 30 days, by the day</source>
        <translation>die letzten 30 Tage, nach Tagen</translation>
    </message>
    <message>
        <source>the last half year, by the week</source>
        <translation>das letzte halbe Jahr, nach Wochen</translation>
    </message>
    <message>
        <source>the last three years, by the month</source>
        <translation>die letzten drei Jahre, nach Monaten</translation>
    </message>
    <message>
        <source>The figures in words</source>
        <translation>Die Zahlen in Worten</translation>
    </message>
    <message>
        <source>Scanner</source>
        <translation>Gerät</translation>
    </message>
    <message>
        <source>Site</source>
        <translation>Standort</translation>
    </message>
    <message>
        <source>Concordance by finding</source>
        <translation>Übereinstimmung nach Einzelbefund</translation>
    </message>
    <message>
        <source>Concordance by scanner</source>
        <translation>Übereinstimmung nach Gerät</translation>
    </message>
    <message>
        <source>Concordance by site</source>
        <translation>Übereinstimmung nach Standort</translation>
    </message>
    <message>
        <source>Quality of drafts</source>
        <translation>Qualität der Entwürfe</translation>
    </message>
    <message>
        <source>Look again</source>
        <translation>Erneut zählen</translation>
    </message>
    <message>
        <source>Export…</source>
        <translation>Exportieren…</translation>
    </message>
    <message>
        <source>Export without patients</source>
        <translation>Export ohne Patienten</translation>
    </message>
    <message>
        <source>A finding counts as affirmed when a text says that it is there or may be. Signed texts are read by the engine&apos;s labeler as drafts are; they are no ground truth. Intervals: Wilson, 95 %.</source>
        <translation>Ein Einzelbefund gilt als bejaht, wenn ein Text sagt, dass er vorliegt oder vorliegen kann. Unterschriebene Texte liest derselbe Auswerter wie die Entwürfe; sie sind keine gesicherte Wahrheit. Bereiche: Wilson, 95 %.</translation>
    </message>
    <message>
        <source>Whole reports whose draft and signed text affirm exactly the same findings.</source>
        <translation>Ganze Befunde, deren Entwurf und unterschriebener Text genau dieselben Einzelbefunde bejahen.</translation>
    </message>
    <message>
        <source>Over time</source>
        <translation>Über die Zeit</translation>
    </message>
    <message>
        <source>By finding</source>
        <translation>Nach Einzelbefund</translation>
    </message>
    <message>
        <source>By scanner and site</source>
        <translation>Nach Gerät und Standort</translation>
    </message>
    <message>
        <source>Drift of the films</source>
        <translation>Drift der Aufnahmen</translation>
    </message>
    <message>
        <source>Counting…</source>
        <translation>Wird gezählt…</translation>
    </message>
    <message numerus="yes">
        <source>%n draft(s) in this time, none signed or rejected yet.</source>
        <translation>
            <numerusform>%n Entwurf in dieser Zeit, noch keiner unterschrieben oder abgelehnt.</numerusform>
            <numerusform>%n Entwürfe in dieser Zeit, noch keiner unterschrieben oder abgelehnt.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n draft(s), {decided} decided: {accepted} signed word for word, {edited} edited, {rejected} rejected; {withheld} were withheld.</source>
        <translation>
            <numerusform>%n Entwurf, {decided} entschieden: {accepted} wörtlich unterschrieben, {edited} geändert, {rejected} abgelehnt; {withheld} wurden zurückgehalten.</numerusform>
            <numerusform>%n Entwürfe, {decided} entschieden: {accepted} wörtlich unterschrieben, {edited} geändert, {rejected} abgelehnt; {withheld} wurden zurückgehalten.</numerusform>
        </translation>
    </message>
    <message>
        <source>Only the latest drafts of this time are counted, those since {day}.</source>
        <translation>Gezählt sind nur die letzten Entwürfe dieser Zeit, die seit {day}.</translation>
    </message>
    <message>
        <source>Nothing was counted yet. Look again, then export.</source>
        <translation>Noch ist nichts gezählt. Lassen Sie erneut zählen, und exportieren Sie dann.</translation>
    </message>
    <message numerus="yes">
        <source>%n draft(s) written to {file}, without texts or patients.</source>
        <translation>
            <numerusform>%n Entwurf wurde nach {file} geschrieben, ohne Texte und Patienten.</numerusform>
            <numerusform>%n Entwürfe wurden nach {file} geschrieben, ohne Texte und Patienten.</numerusform>
        </translation>
    </message>
    <message>
        <source>What became of drafts</source>
        <translation>Was aus Entwürfen wurde</translation>
    </message>
    <message>
        <source>signed word for word</source>
        <translation>wörtlich unterschrieben</translation>
    </message>
    <message>
        <source>edited</source>
        <translation>geändert</translation>
    </message>
    <message>
        <source>rejected</source>
        <translation>abgelehnt</translation>
    </message>
    <message>
        <source>drafts</source>
        <translation>Entwürfe</translation>
    </message>
    <message>
        <source>Words changed before the signature</source>
        <translation>Geänderte Wörter vor der Unterschrift</translation>
    </message>
    <message>
        <source>mean share of words</source>
        <translation>mittlerer Anteil der Wörter</translation>
    </message>
    <message>
        <source>signed reports</source>
        <translation>unterschriebene Befunde</translation>
    </message>
    <message>
        <source>Distance of the image tokens from the model&apos;s first films</source>
        <translation>Abstand der Bildtoken von den ersten Aufnahmen des Modells</translation>
    </message>
    <message>
        <source>distance (Jensen-Shannon)</source>
        <translation>Abstand (Jensen-Shannon)</translation>
    </message>
    <message>
        <source>95 % of runs by chance</source>
        <translation>95 % der Reihen durch Zufall</translation>
    </message>
    <message>
        <source>films</source>
        <translation>Aufnahmen</translation>
    </message>
    <message>
        <source>Too few drafts by one model to say: at least {least} films make the reference, and {run} more a run to compare.</source>
        <translation>Zu wenige Entwürfe eines Modells: Mindestens {least} Aufnahmen ergeben den Bezug und {run} weitere eine Reihe zum Vergleich.</translation>
    </message>
    <message>
        <source>{model}: its films, in runs of up to {films}, against its first {reference}. Runs compared: {runs}; with more difference than chance makes in 19 of 20: {unusual}. A few of many may have that by chance; several in a row mean that the films have changed: a scanner, a protocol, the patients.</source>
        <translation>{model}: seine Aufnahmen, in Reihen von bis zu {films}, gegen seine ersten {reference}. Verglichene Reihen: {runs}; mit mehr Unterschied, als der Zufall in 19 von 20 macht: {unusual}. Einige von vielen dürfen das durch Zufall haben; mehrere nacheinander heißen, dass sich die Aufnahmen geändert haben: ein Gerät, ein Protokoll, die Patienten.</translation>
    </message>
    <message>
        <source>Table (*.csv)</source>
        <translation>Tabelle (*.csv)</translation>
    </message>
    <message>
        <source>All figures (*.json)</source>
        <translation>Alle Zahlen (*.json)</translation>
    </message>
    <message>
        <source>Writing…</source>
        <translation>Wird geschrieben…</translation>
    </message>
    <message>
        <source>all</source>
        <translation>alle</translation>
    </message>
    <message>
        <source>not named</source>
        <translation>nicht genannt</translation>
    </message>
    <message>
        <source>Reports</source>
        <translation>Befunde</translation>
    </message>
    <message>
        <source>Affirmed by the draft, and signed</source>
        <translation>Vom Entwurf bejaht, und unterschrieben</translation>
    </message>
    <message>
        <source>Signed, and in the draft</source>
        <translation>Unterschrieben, und im Entwurf</translation>
    </message>
    <message>
        <source>Internal error</source>
        <translation>Interner Fehler</translation>
    </message>
    <message>
        <source>Internal error ({kind})</source>
        <translation>Interner Fehler ({kind})</translation>
    </message>
    <message>
        <source>Something inside the program went wrong. What you have written is saved as far as the window says so. The log has the details for your administrator; they hold no patient data.</source>
        <translation>Im Programm ist etwas schiefgegangen. Was Sie geschrieben haben, ist gespeichert, soweit das Fenster es sagt. Das Protokoll enthält die Einzelheiten für Ihren Administrator; Patientendaten stehen nicht darin.</translation>
    </message>
    <message>
        <source>reader</source>
        <translation>Befunder</translation>
    </message>
    <message>
        <source>resident</source>
        <translation>Assistenz</translation>
    </message>
    <message>
        <source>admin</source>
        <translation>Administrator</translation>
    </message>
    <message>
        <source>researcher</source>
        <translation>Forschung</translation>
    </message>
    <message>
        <source>The window is locked.</source>
        <translation>Das Fenster ist gesperrt.</translation>
    </message>
    <message>
        <source>Your role is {role}. Only a reader signs.</source>
        <translation>Ihre Rolle ist {role}. Nur ein Befunder unterschreibt.</translation>
    </message>
    <message>
        <source>The user &apos;{name}&apos; is disabled.</source>
        <translation>Der Benutzer „{name}“ ist gesperrt.</translation>
    </message>
    <message>
        <source>Ask an administrator.</source>
        <translation>Fragen Sie einen Administrator.</translation>
    </message>
    <message>
        <source>No PIN was chosen at log-in.</source>
        <translation>Bei der Anmeldung wurde keine PIN gewählt.</translation>
    </message>
    <message>
        <source>Use the password.</source>
        <translation>Nehmen Sie das Passwort.</translation>
    </message>
    <message>
        <source>Unlock it with the PIN or the password.</source>
        <translation>Entsperren Sie es mit PIN oder Passwort.</translation>
    </message>
    <message>
        <source>Unlock it and repeat this.</source>
        <translation>Entsperren Sie es und wiederholen Sie dies.</translation>
    </message>
    <message>
        <source>Node …</source>
        <translation>Knoten …</translation>
    </message>
    <message>
        <source>Engine …</source>
        <translation>Modellrechner …</translation>
    </message>
    <message>
        <source>Database …</source>
        <translation>Datenbank …</translation>
    </message>
    <message>
        <source>Database connected</source>
        <translation>Datenbank verbunden</translation>
    </message>
    <message>
        <source>Node: only its courier runs</source>
        <translation>Knoten: nur der Versand läuft</translation>
    </message>
    <message>
        <source>Node: only its listener runs</source>
        <translation>Knoten: nur der Empfang läuft</translation>
    </message>
    <message>
        <source>Node running</source>
        <translation>Knoten läuft</translation>
    </message>
    <message>
        <source>Node not running</source>
        <translation>Knoten läuft nicht</translation>
    </message>
    <message>
        <source>Engine running, with a model that nobody accepted</source>
        <translation>Modellrechner läuft, mit einem Modell, das niemand angenommen hat</translation>
    </message>
    <message numerus="yes">
        <source>%n engine(s) running</source>
        <translation>
            <numerusform>%n Modellrechner läuft</numerusform>
            <numerusform>%n Modellrechner laufen</numerusform>
        </translation>
    </message>
    <message>
        <source>Engine running</source>
        <translation>Modellrechner läuft</translation>
    </message>
    <message>
        <source>Engine not running</source>
        <translation>Modellrechner läuft nicht</translation>
    </message>
    <message>
        <source>Database not reachable</source>
        <translation>Datenbank nicht erreichbar</translation>
    </message>
    <message>
        <source>Node unknown</source>
        <translation>Knoten unbekannt</translation>
    </message>
    <message>
        <source>Engine unknown</source>
        <translation>Modellrechner unbekannt</translation>
    </message>
    <message>
        <source>An internal error ({kind}) stopped this.</source>
        <translation>Ein interner Fehler ({kind}) hat dies abgebrochen.</translation>
    </message>
    <message>
        <source>It has been written to the log; try again, and tell your administrator if it comes back.</source>
        <translation>Er steht im Protokoll; versuchen Sie es noch einmal, und sagen Sie es Ihrem Administrator, wenn er wiederkommt.</translation>
    </message>
    <message>
        <source>Checks, evidence and questions</source>
        <translation>Prüfungen, Grundlage und Fragen</translation>
    </message>
    <message>
        <source>Evidence</source>
        <translation>Grundlage</translation>
    </message>
    <message>
        <source>Ask</source>
        <translation>Fragen</translation>
    </message>
    <message>
        <source>What speaks against signing, and what to look for (Shift+F4)</source>
        <translation>Was gegen die Unterschrift spricht und worauf zu achten ist (Shift+F4)</translation>
    </message>
    <message>
        <source>The draft&apos;s sentences and what they rest on (Shift+F3)</source>
        <translation>Die Sätze des Entwurfs und worauf sie beruhen (Shift+F3)</translation>
    </message>
    <message>
        <source>Questions about the film (F6)</source>
        <translation>Fragen zur Aufnahme (F6)</translation>
    </message>
    <message>
        <source>Checks ({count})</source>
        <translation>Prüfungen ({count})</translation>
    </message>
    <message>
        <source>frontal</source>
        <translation>frontal</translation>
    </message>
    <message>
        <source>lateral</source>
        <translation>seitlich</translation>
    </message>
    <message>
        <source>oblique</source>
        <translation>schräg</translation>
    </message>
    <message>
        <source>view unknown</source>
        <translation>Projektion unbekannt</translation>
    </message>
    <message>
        <source>This film was purged on {time} by a retention rule; its report stays.</source>
        <translation>Diese Aufnahme wurde am {time} nach einer Aufbewahrungsregel gelöscht; ihr Befund bleibt.</translation>
    </message>
    <message>
        <source>film of the draft</source>
        <translation>Aufnahme des Befundentwurfs</translation>
    </message>
    <message>
        <source>{view} · film {number} of {count}</source>
        <translation>{view} · Aufnahme {number} von {count}</translation>
    </message>
    <message>
        <source>Chest</source>
        <translation>Thorax</translation>
    </message>
    <message>
        <source>no accession number</source>
        <translation>ohne Auftragsnummer</translation>
    </message>
    <message>
        <source>No other film of this patient is in the store.</source>
        <translation>Von dieser Person liegt keine andere Aufnahme vor.</translation>
    </message>
    <message>
        <source>What the model saw isn&apos;t known for this film: no draft speaks of it, or an older one.</source>
        <translation>Was das Modell von dieser Aufnahme sah, ist nicht bekannt: Es gibt dazu keinen Befundentwurf, oder nur einen älteren.</translation>
    </message>
    <message>
        <source>What the model saw is shown for films of the open study: open the other one to see it.</source>
        <translation>Was das Modell sah, wird für Aufnahmen der geöffneten Studie gezeigt: Öffnen Sie dafür die andere.</translation>
    </message>
    <message>
        <source>Not to scale: a header gives no pixel spacing.</source>
        <translation>Nicht im gleichen Maßstab: In einem Header fehlt der Pixelabstand.</translation>
    </message>
    <message>
        <source>Window</source>
        <comment>grey levels of a film</comment>
        <translation>Fensterung</translation>
    </message>
    <message>
        <source>Stored and computed windows</source>
        <translation>Gespeicherte und berechnete Fensterungen</translation>
    </message>
    <message>
        <source>Compare with</source>
        <translation>Vergleichen mit</translation>
    </message>
    <message>
        <source>Films to compare with</source>
        <translation>Aufnahmen zum Vergleich</translation>
    </message>
    <message>
        <source>Invert</source>
        <translation>Invertieren</translation>
    </message>
    <message>
        <source>Model view</source>
        <translation>Modellsicht</translation>
    </message>
    <message>
        <source>Measure</source>
        <translation>Messen</translation>
    </message>
    <message>
        <source>Prior</source>
        <translation>Voraufnahme</translation>
    </message>
    <message>
        <source>Swap</source>
        <translation>Tauschen</translation>
    </message>
    <message>
        <source>More</source>
        <translation>Mehr</translation>
    </message>
    <message>
        <source>More tools for the film</source>
        <translation>Weitere Werkzeuge für die Aufnahme</translation>
    </message>
    <message>
        <source>Fit</source>
        <translation>Einpassen</translation>
    </message>
    <message numerus="yes">
        <source>%n film(s)</source>
        <translation>
            <numerusform>%n Aufnahme</numerusform>
            <numerusform>%n Aufnahmen</numerusform>
        </translation>
    </message>
    <message>
        <source>As stored</source>
        <translation>Wie gespeichert</translation>
    </message>
    <message>
        <source>Own window</source>
        <translation>Eigene Fensterung</translation>
    </message>
    <message>
        <source>This study has no image that can be shown.</source>
        <translation>Diese Studie enthält kein Bild, das gezeigt werden kann.</translation>
    </message>
    <message>
        <source>This study: {view}</source>
        <translation>Diese Studie: {view}</translation>
    </message>
    <message>
        <source>no date</source>
        <translation>ohne Datum</translation>
    </message>
    <message>
        <source>Current: {date}, {view}</source>
        <translation>Aktuell: {date}, {view}</translation>
    </message>
    <message>
        <source>Other study: {date}, {view}</source>
        <translation>Andere Studie: {date}, {view}</translation>
    </message>
    <message>
        <source>Same day: {date}, {view}</source>
        <translation>Gleicher Tag: {date}, {view}</translation>
    </message>
    <message numerus="yes">
        <source>Prior: {date}, {view}, %n day(s) before</source>
        <translation>
            <numerusform>Voraufnahme: {date}, {view}, %n Tag zuvor</numerusform>
            <numerusform>Voraufnahme: {date}, {view}, %n Tage zuvor</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Later: {date}, {view}, %n day(s) after</source>
        <translation>
            <numerusform>Später: {date}, {view}, %n Tag danach</numerusform>
            <numerusform>Später: {date}, {view}, %n Tage danach</numerusform>
        </translation>
    </message>
    <message>
        <source>{title} (another name in its header)</source>
        <translation>{title} (im Header steht ein anderer Name)</translation>
    </message>
    <message>
        <source>{pixels} pixels (the header gives no spacing)</source>
        <translation>{pixels} Pixel (der Header nennt keinen Pixelabstand)</translation>
    </message>
    <message>
        <source>{length} mm, calibrated by geometry</source>
        <translation>{length} mm, geometrisch kalibriert</translation>
    </message>
    <message>
        <source>{length} mm, calibrated by a fiducial</source>
        <translation>{length} mm, mit Referenzkörper kalibriert</translation>
    </message>
    <message>
        <source>{length} mm, calibrated (how isn&apos;t said)</source>
        <translation>{length} mm, kalibriert (wie, ist nicht angegeben)</translation>
    </message>
    <message>
        <source>{length} mm on the scanned film, not calibrated</source>
        <translation>{length} mm auf dem gescannten Film, nicht kalibriert</translation>
    </message>
    <message>
        <source>{length} mm at detector plane, not calibrated (magnification about {factor} by the header)</source>
        <translation>{length} mm in der Detektorebene, nicht kalibriert (Vergrößerung laut Header etwa {factor})</translation>
    </message>
    <message>
        <source>{length} mm at detector plane, not calibrated</source>
        <translation>{length} mm in der Detektorebene, nicht kalibriert</translation>
    </message>
    <message>
        <source>{length} mm (the header doesn&apos;t say at which plane)</source>
        <translation>{length} mm (der Header sagt nicht, in welcher Ebene)</translation>
    </message>
    <message>
        <source>Full range</source>
        <translation>Voller Bereich</translation>
    </message>
    <message>
        <source>Lungs (darker parts)</source>
        <translation>Lunge (dunklere Anteile)</translation>
    </message>
    <message>
        <source>Mediastinum (brighter parts)</source>
        <translation>Mediastinum (hellere Anteile)</translation>
    </message>
    <message>
        <source>Bone (brightest parts)</source>
        <translation>Knochen (hellste Anteile)</translation>
    </message>
    <message>
        <source>What the model saw</source>
        <translation>Was das Modell sah</translation>
    </message>
    <message>
        <source>MIN-MAX, no window in the header</source>
        <translation>MIN-MAX, keine Fensterung im Header</translation>
    </message>
    <message>
        <source>VOI LUT</source>
        <translation>VOI-LUT</translation>
    </message>
    <message>
        <source>W {width}  L {level}  sigmoid</source>
        <translation>W {width}  L {level}  sigmoid</translation>
    </message>
    <message>
        <source>W {width}  L {level}</source>
        <translation>W {width}  L {level}</translation>
    </message>
    <message>
        <source>Zoom {percent} %</source>
        <translation>Zoom {percent} %</translation>
    </message>
    <message>
        <source>inverted</source>
        <translation>invertiert</translation>
    </message>
    <message>
        <source>mirrored</source>
        <translation>gespiegelt</translation>
    </message>
    <message>
        <source>rotated</source>
        <translation>gedreht</translation>
    </message>
    <message>
        <source>Film to compare with</source>
        <translation>Vergleichsaufnahme</translation>
    </message>
    <message>
        <source>No film</source>
        <translation>Keine Aufnahme</translation>
    </message>
    <message>
        <source>What the model saw: {columns} × {rows} pixels; nothing outside the dashed square</source>
        <translation>Was das Modell sah: {columns} × {rows} Pixel; nichts außerhalb des gestrichelten Quadrats</translation>
    </message>
    <message>
        <source>The chest film; all its keys are listed with F1.</source>
        <translation>Die Thoraxaufnahme; F1 zeigt alle ihre Tasten.</translation>
    </message>
    <message>
        <source>How often it was found</source>
        <translation>Wie oft es gefunden wurde</translation>
    </message>
    <message>
        <source>Close the search</source>
        <translation>Suche schließen</translation>
    </message>
    <message>
        <source>{count} found</source>
        <translation>{count} gefunden</translation>
    </message>
    <message>
        <source>{count} as the AI wrote ({letter})</source>
        <translation>{count} wie von der KI ({letter})</translation>
    </message>
    <message>
        <source>{count} edited ({letter})</source>
        <translation>{count} bearbeitet ({letter})</translation>
    </message>
    <message>
        <source>{count} your own ({letter})</source>
        <translation>{count} eigene ({letter})</translation>
    </message>
    <message>
        <source>{count} from macros ({letter})</source>
        <translation>{count} aus Textbausteinen ({letter})</translation>
    </message>
    <message>
        <source>{count} from AI answers ({letter})</source>
        <translation>{count} aus KI-Antworten ({letter})</translation>
    </message>
    <message>
        <source>Notice</source>
        <translation>Hinweis</translation>
    </message>
    <message>
        <source>Refused by the gate</source>
        <translation>Von der Ausgangsprüfung abgelehnt</translation>
    </message>
    <message>
        <source>Origin of the draft</source>
        <translation>Herkunft des Befundentwurfs</translation>
    </message>
    <message>
        <source>Reader first</source>
        <translation>Erst selbst befunden</translation>
    </message>
    <message>
        <source>Show the draft</source>
        <translation>Entwurf zeigen</translation>
    </message>
    <message>
        <source>Keep this impression and show the draft</source>
        <translation>Diese Beurteilung festhalten und den Entwurf zeigen</translation>
    </message>
    <message>
        <source>New draft</source>
        <translation>Neuer Entwurf</translation>
    </message>
    <message>
        <source>Show what changed in the draft</source>
        <translation>Zeigen, was sich im Entwurf geändert hat</translation>
    </message>
    <message>
        <source>The new draft was seen</source>
        <translation>Der neue Entwurf wurde gesehen</translation>
    </message>
    <message>
        <source>What changed…</source>
        <translation>Was sich geändert hat…</translation>
    </message>
    <message>
        <source>Seen</source>
        <translation>Gesehen</translation>
    </message>
    <message>
        <source>AI&apos;s own words</source>
        <translation>Wortlaut der KI</translation>
    </message>
    <message>
        <source>Show or hide what the AI wrote</source>
        <translation>Wortlaut der KI zeigen oder verbergen</translation>
    </message>
    <message>
        <source>Reject draft…</source>
        <translation>Entwurf ablehnen…</translation>
    </message>
    <message>
        <source>Take over…</source>
        <translation>Übernehmen…</translation>
    </message>
    <message>
        <source>Take the study over</source>
        <translation>Die Studie übernehmen</translation>
    </message>
    <message>
        <source>Sign…</source>
        <translation>Freigeben…</translation>
    </message>
    <message>
        <source>Findings</source>
        <translation>Befund</translation>
    </message>
    <message>
        <source>Impression</source>
        <translation>Beurteilung</translation>
    </message>
    <message>
        <source>Macros…</source>
        <translation>Bausteine…</translation>
    </message>
    <message>
        <source>Marks</source>
        <translation>Markierungen</translation>
    </message>
    <message>
        <source>Saved or not</source>
        <translation>Gespeichert oder nicht</translation>
    </message>
    <message>
        <source>Where the sentences come from</source>
        <translation>Woher die Sätze stammen</translation>
    </message>
    <message>
        <source>Where not to lean on the draft</source>
        <translation>Worin Sie sich nicht auf den Entwurf stützen sollten</translation>
    </message>
    <message>
        <source>AI&apos;s own words (taken out: struck through)</source>
        <translation>Wortlaut der KI (Gestrichenes ist durchgestrichen)</translation>
    </message>
    <message>
        <source>Sentences: {counts}</source>
        <translation>Sätze: {counts}</translation>
    </message>
    <message>
        <source>The database hasn&apos;t answered for {seconds} seconds.</source>
        <translation>Die Datenbank antwortet seit {seconds} Sekunden nicht.</translation>
    </message>
    <message>
        <source>In the report, type the trigger and press Tab or Ctrl+Space. Words in square brackets, like [side], are places to fill in: Tab goes from one to the next.</source>
        <translation>Tippen Sie im Befund das Kürzel und drücken Sie Tab oder Strg+Leertaste. Wörter in eckigen Klammern, etwa [Seite], sind auszufüllen: Tab geht von einer Stelle zur nächsten.</translation>
    </message>
    <message>
        <source>My macros</source>
        <translation>Meine Textbausteine</translation>
    </message>
    <message>
        <source>Triggers</source>
        <translation>Kürzel</translation>
    </message>
    <message>
        <source>Trigger</source>
        <translation>Kürzel</translation>
    </message>
    <message>
        <source>Trigger, for instance nl</source>
        <translation>Kürzel, zum Beispiel ob</translation>
    </message>
    <message>
        <source>What the trigger becomes</source>
        <translation>Was aus dem Kürzel wird</translation>
    </message>
    <message>
        <source>What it becomes, for instance: No acute [finding].</source>
        <translation>Was daraus wird, zum Beispiel: Kein Nachweis von [Befund].</translation>
    </message>
    <message>
        <source>New macro</source>
        <translation>Neuer Baustein</translation>
    </message>
    <message>
        <source>Delete the macro</source>
        <translation>Den Textbaustein löschen</translation>
    </message>
    <message>
        <source>Save the macros</source>
        <translation>Die Textbausteine speichern</translation>
    </message>
    <message>
        <source>(no trigger yet)</source>
        <translation>(noch kein Kürzel)</translation>
    </message>
    <message>
        <source>Not saved yet</source>
        <translation>Noch nicht gespeichert</translation>
    </message>
    <message>
        <source>Saving…</source>
        <translation>Wird gespeichert…</translation>
    </message>
    <message>
        <source>Not saved: {why}</source>
        <translation>Nicht gespeichert: {why}</translation>
    </message>
    <message>
        <source>Saved {time}</source>
        <translation>Gespeichert {time}</translation>
    </message>
    <message>
        <source>Taken out: {words}</source>
        <translation>Gestrichen: {words}</translation>
    </message>
    <message>
        <source>Reader first: write your own impression. The AI draft is shown when you press “Show the draft”; what you wrote before is kept.</source>
        <translation>Erst selbst befunden: Schreiben Sie Ihre eigene Beurteilung. Der KI-Entwurf erscheint, wenn Sie „Entwurf zeigen“ drücken; was Sie vorher geschrieben haben, bleibt festgehalten.</translation>
    </message>
    <message>
        <source>Show the draft first: this site asks readers to look at it before they sign.</source>
        <translation>Lassen Sie sich erst den Entwurf zeigen: An diesem Standort wird er vor der Freigabe angesehen.</translation>
    </message>
    <message>
        <source>You wrote your own impression first, at {time}.</source>
        <translation>Ihre eigene Beurteilung haben Sie vorher geschrieben, um {time}.</translation>
    </message>
    <message>
        <source>Macros</source>
        <translation>Textbausteine</translation>
    </message>
    <message>
        <source>You have no macros yet.</source>
        <translation>Sie haben noch keine Textbausteine.</translation>
    </message>
    <message>
        <source>Edit my macros…</source>
        <translation>Meine Textbausteine bearbeiten…</translation>
    </message>
    <message>
        <source>As the AI wrote it</source>
        <translation>Wie von der KI geschrieben</translation>
    </message>
    <message>
        <source>The AI&apos;s sentence, edited</source>
        <translation>Satz der KI, bearbeitet</translation>
    </message>
    <message>
        <source>Your own sentence</source>
        <translation>Ihr eigener Satz</translation>
    </message>
    <message>
        <source>From a macro</source>
        <translation>Aus einem Textbaustein</translation>
    </message>
    <message>
        <source>An AI answer to a question</source>
        <translation>Eine Antwort der KI auf eine Frage</translation>
    </message>
    <message>
        <source>Where each sentence comes from</source>
        <translation>Woher jeder Satz stammt</translation>
    </message>
    <message>
        <source>AI draft by {model}, {time}</source>
        <translation>KI-Entwurf von {model}, {time}</translation>
    </message>
    <message>
        <source>unnamed model</source>
        <translation>ein Modell ohne Namen</translation>
    </message>
    <message>
        <source>Research use only: read it against the film.</source>
        <translation>Nur für die Forschung: Prüfen Sie ihn an der Aufnahme.</translation>
    </message>
    <message>
        <source>Confidence in the wording {percent}.</source>
        <translation>Sicherheit im Wortlaut {percent}.</translation>
    </message>
    <message>
        <source>Named, but not shown to be recognised: {findings}.</source>
        <translation>Genannt, aber nicht nachweislich erkannt: {findings}.</translation>
    </message>
    <message>
        <source>Answers lean towards this draft: they are no second opinion.</source>
        <translation>Antworten folgen eher diesem Entwurf: Sie sind keine zweite Meinung.</translation>
    </message>
    <message>
        <source>Films of this study were purged on {time} by a retention rule; the report and its history stay.</source>
        <translation>Aufnahmen dieser Studie wurden am {time} nach einer Aufbewahrungsregel gelöscht; der Befund und sein Verlauf bleiben.</translation>
    </message>
    <message>
        <source>No draft is made of this study. {why}</source>
        <translation>Zu dieser Studie wird kein Entwurf erstellt. {why}</translation>
    </message>
    <message>
        <source>The study failed. {why}</source>
        <translation>Die Studie ist fehlgeschlagen. {why}</translation>
    </message>
    <message>
        <source>There is no draft yet; it appears here by itself.</source>
        <translation>Es gibt noch keinen Entwurf; er erscheint hier von selbst.</translation>
    </message>
    <message>
        <source>This report was retracted.</source>
        <translation>Dieser Befund wurde zurückgezogen.</translation>
    </message>
    <message>
        <source>The request is with the node; its answer appears here by itself.</source>
        <translation>Der Antrag liegt beim Knoten; seine Antwort erscheint hier von selbst.</translation>
    </message>
    <message>
        <source>The last request was refused. {why}</source>
        <translation>Der letzte Antrag wurde abgelehnt. {why}</translation>
    </message>
    <message>
        <source>{name} is reading this study; you can look, not write.</source>
        <translation>{name} befundet diese Studie; Sie können lesen, aber nicht schreiben.</translation>
    </message>
    <message>
        <source>Your role reads reports and doesn&apos;t write them.</source>
        <translation>Ihre Rolle liest Befunde und schreibt keine.</translation>
    </message>
    <message>
        <source>Signature pending. {why}</source>
        <translation>Freigabe steht aus. {why}</translation>
    </message>
    <message>
        <source>The signature was refused. {why}</source>
        <translation>Die Freigabe wurde abgelehnt. {why}</translation>
    </message>
    <message>
        <source>The AI draft is withheld. {why} Write your own.</source>
        <translation>Der KI-Entwurf wird zurückgehalten. {why} Schreiben Sie einen eigenen Befund.</translation>
    </message>
    <message>
        <source>The AI draft was rejected: {why}. Write your own.</source>
        <translation>Der KI-Entwurf wurde abgelehnt: {why}. Schreiben Sie einen eigenen Befund.</translation>
    </message>
    <message>
        <source>Preliminary report by {name}, {time}.</source>
        <translation>Vorläufiger Befund von {name}, {time}.</translation>
    </message>
    <message>
        <source>It waits for an attending reader, who checks and signs it.</source>
        <translation>Er wartet auf die Prüfung und Freigabe durch die Fachärztin oder den Facharzt.</translation>
    </message>
    <message>
        <source>Signed by {name} at {time}.</source>
        <translation>Freigegeben von {name}, {time}.</translation>
    </message>
    <message>
        <source>It wasn&apos;t delivered to {peer}: {why}</source>
        <translation>Er wurde nicht an {peer} zugestellt: {why}</translation>
    </message>
    <message>
        <source>Signed by {name} at {time} and confirmed by {peers}.</source>
        <translation>Freigegeben von {name}, {time}, und bestätigt von {peers}.</translation>
    </message>
    <message>
        <source>Waiting for {peer}.</source>
        <translation>Warten auf {peer}.</translation>
    </message>
    <message>
        <source>Images came after the report was signed. It needs an addendum; the signed report stays as it is.</source>
        <translation>Nach der Freigabe kamen weitere Bilder. Es braucht einen Nachtrag; der freigegebene Befund bleibt, wie er ist.</translation>
    </message>
    <message>
        <source>Images came after this draft was made. Look at them before you sign; a new draft follows by itself.</source>
        <translation>Nach diesem Entwurf kamen weitere Bilder. Sehen Sie sie vor der Freigabe an; ein neuer Entwurf folgt von selbst.</translation>
    </message>
    <message numerus="yes">
        <source>%n image(s) newer than this draft. A new draft follows by itself.</source>
        <translation>
            <numerusform>%n Bild ist neuer als dieser Entwurf. Ein neuer Entwurf folgt von selbst.</numerusform>
            <numerusform>%n Bilder sind neuer als dieser Entwurf. Ein neuer Entwurf folgt von selbst.</numerusform>
        </translation>
    </message>
    <message>
        <source>The AI&apos;s own words</source>
        <translation>Wortlaut der KI</translation>
    </message>
    <message>
        <source>Choose a study on the worklist.</source>
        <translation>Wählen Sie eine Studie aus der Arbeitsliste.</translation>
    </message>
    <message>
        <source>Kept here only until the draft is shown</source>
        <translation>Wird nur hier gehalten, bis der Entwurf gezeigt wird</translation>
    </message>
    <message>
        <source>Nobody is logged in.</source>
        <translation>Niemand ist angemeldet.</translation>
    </message>
    <message>
        <source>There is nothing to sign here now.</source>
        <translation>Hier gibt es jetzt nichts freizugeben.</translation>
    </message>
    <message>
        <source>Your macros haven&apos;t been read from the database yet.</source>
        <translation>Ihre Textbausteine wurden noch nicht aus der Datenbank gelesen.</translation>
    </message>
    <message>
        <source>False finding: the film doesn&apos;t show it</source>
        <translation>Falscher Befund: Die Aufnahme zeigt ihn nicht</translation>
    </message>
    <message>
        <source>Missed finding</source>
        <translation>Übersehener Befund</translation>
    </message>
    <message>
        <source>Wrong side</source>
        <translation>Falsche Seite</translation>
    </message>
    <message>
        <source>Speaks of a comparison that doesn&apos;t exist</source>
        <translation>Spricht von einem Vergleich, den es nicht gibt</translation>
    </message>
    <message>
        <source>Wrong patient or wrong film</source>
        <translation>Falsche Patientin, falscher Patient oder falsche Aufnahme</translation>
    </message>
    <message>
        <source>Poor wording</source>
        <translation>Schlechte Formulierung</translation>
    </message>
    <message>
        <source>Poor image: nothing could be read from it</source>
        <translation>Schlechtes Bild: Es war nichts zu beurteilen</translation>
    </message>
    <message>
        <source>Other, in my own words</source>
        <translation>Anderes, in eigenen Worten</translation>
    </message>
    <message>
        <source>Reject the draft</source>
        <translation>Den Entwurf ablehnen</translation>
    </message>
    <message>
        <source>In your words</source>
        <translation>In Ihren Worten</translation>
    </message>
    <message>
        <source>In your words (optional)</source>
        <translation>In Ihren Worten (freiwillig)</translation>
    </message>
    <message>
        <source>Reject draft</source>
        <translation>Entwurf ablehnen</translation>
    </message>
    <message>
        <source>The draft is set aside with this reason; you can write your own report then.</source>
        <translation>Der Entwurf wird mit diesem Grund beiseitegelegt; danach können Sie einen eigenen Befund schreiben.</translation>
    </message>
    <message>
        <source>Say in your own words what is wrong with the draft.</source>
        <translation>Sagen Sie in eigenen Worten, was an dem Entwurf falsch ist.</translation>
    </message>
    <message>
        <source>A new draft came (version {version}). Sentences: {new} new, {changed} changed, {gone} gone.</source>
        <translation>Ein neuer Entwurf ist da (Version {version}). Sätze: {new} neu, {changed} geändert, {gone} entfallen.</translation>
    </message>
    <message>
        <source>Your text is kept as you wrote it and is compared with the new draft from now on.</source>
        <translation>Ihr Text bleibt, wie Sie ihn geschrieben haben, und wird ab jetzt mit dem neuen Entwurf verglichen.</translation>
    </message>
    <message>
        <source>You had written nothing, so the new draft stands in the editor.</source>
        <translation>Sie hatten nichts geschrieben; daher steht der neue Entwurf im Editor.</translation>
    </message>
    <message>
        <source>What changed in the draft</source>
        <translation>Was sich im Entwurf geändert hat</translation>
    </message>
    <message>
        <source>The old and the new draft, sentence by sentence</source>
        <translation>Alter und neuer Entwurf, Satz für Satz</translation>
    </message>
    <message>
        <source>New</source>
        <translation>Neu</translation>
    </message>
    <message>
        <source>Gone</source>
        <translation>Entfallen</translation>
    </message>
    <message>
        <source>Same</source>
        <translation>Gleich</translation>
    </message>
    <message>
        <source>Changed</source>
        <translation>Geändert</translation>
    </message>
    <message>
        <source>Check spelling</source>
        <translation>Rechtschreibung prüfen</translation>
    </message>
    <message>
        <source>Looking for suggestions…</source>
        <translation>Vorschläge werden gesucht…</translation>
    </message>
    <message>
        <source>Add “{word}” to my dictionary</source>
        <translation>„{word}“ in mein Wörterbuch aufnehmen</translation>
    </message>
    <message>
        <source>No suggestion</source>
        <translation>Kein Vorschlag</translation>
    </message>
    <message>
        <source>Spelling isn&apos;t checked: Hunspell isn&apos;t installed. On Debian: apt-get install libhunspell-1.7-0 hunspell-en-us; elsewhere: pip install chunspell.</source>
        <translation>Die Rechtschreibung wird nicht geprüft: Hunspell ist nicht installiert. Unter Debian: apt-get install libhunspell-1.7-0 hunspell-en-us; sonst: pip install chunspell.</translation>
    </message>
    <message>
        <source>Spelling isn&apos;t checked: no dictionary is installed. On Debian: apt-get install hunspell-en-us.</source>
        <translation>Die Rechtschreibung wird nicht geprüft: Es ist kein Wörterbuch installiert. Unter Debian: apt-get install hunspell-en-us.</translation>
    </message>
    <message>
        <source>Report text</source>
        <translation>Befundtext</translation>
    </message>
    <message>
        <source>Findings and impression. Words of the AI are coloured until edited.</source>
        <translation>Befund und Beurteilung. Wörter der KI sind farbig, bis sie bearbeitet werden.</translation>
    </message>
    <message>
        <source>Changes against the AI text</source>
        <translation>Änderungen gegenüber dem KI-Text</translation>
    </message>
    <message>
        <source>The change at the cursor</source>
        <translation>Die Änderung an der Schreibmarke</translation>
    </message>
    <message>
        <source>Keep</source>
        <translation>Behalten</translation>
    </message>
    <message>
        <source>Restore</source>
        <translation>Zurücksetzen</translation>
    </message>
    <message>
        <source>Keep all</source>
        <translation>Alle behalten</translation>
    </message>
    <message>
        <source>No open change</source>
        <translation>Keine offene Änderung</translation>
    </message>
    <message>
        <source>Change {at} of {total}</source>
        <translation>Änderung {at} von {total}</translation>
    </message>
    <message numerus="yes">
        <source>%n change(s)</source>
        <translation>
            <numerusform>%n Änderung</numerusform>
            <numerusform>%n Änderungen</numerusform>
        </translation>
    </message>
    <message>
        <source>The AI wrote, and it is taken out: {words}</source>
        <translation>Die KI schrieb, und es ist gestrichen: {words}</translation>
    </message>
    <message>
        <source>The AI wrote nothing of the kind: this sentence was added.</source>
        <translation>Die KI schrieb nichts dergleichen: Dieser Satz wurde hinzugefügt.</translation>
    </message>
    <message>
        <source>The AI wrote: {words}</source>
        <translation>Die KI schrieb: {words}</translation>
    </message>
    <message>
        <source>Words that aren&apos;t saved</source>
        <translation>Nicht gespeicherter Text</translation>
    </message>
    <message>
        <source>What you wrote last isn&apos;t saved.</source>
        <translation>Was Sie zuletzt geschrieben haben, ist nicht gespeichert.</translation>
    </message>
    <message>
        <source>Leave without it</source>
        <translation>Ohne ihn weitergehen</translation>
    </message>
    <message>
        <source>Stay</source>
        <translation>Bleiben</translation>
    </message>
    <message>
        <source>Stay with this report</source>
        <translation>Bei diesem Befund bleiben</translation>
    </message>
    <message>
        <source>Words that couldn&apos;t be saved</source>
        <translation>Text, der nicht gespeichert werden konnte</translation>
    </message>
    <message>
        <source>What you wrote</source>
        <translation>Was Sie geschrieben haben</translation>
    </message>
    <message>
        <source>What you wrote last in the report before couldn&apos;t be saved there.</source>
        <translation>Was Sie zuletzt im vorigen Befund geschrieben haben, konnte dort nicht gespeichert werden.</translation>
    </message>
    <message>
        <source>Copy these words</source>
        <translation>Diesen Text kopieren</translation>
    </message>
    <message>
        <source>Hand to attending…</source>
        <translation>An Facharzt übergeben…</translation>
    </message>
    <message>
        <source>Send back…</source>
        <translation>Zurückgeben…</translation>
    </message>
    <message>
        <source>Send the preliminary report back</source>
        <translation>Den vorläufigen Befund zurückgeben</translation>
    </message>
    <message>
        <source>Addendum…</source>
        <translation>Nachtrag…</translation>
    </message>
    <message>
        <source>Write an addendum</source>
        <translation>Einen Nachtrag schreiben</translation>
    </message>
    <message>
        <source>Retract…</source>
        <translation>Zurückziehen…</translation>
    </message>
    <message>
        <source>Retract the report</source>
        <translation>Den Befund zurückziehen</translation>
    </message>
    <message>
        <source>Hand the report to an attending reader, who signs it</source>
        <translation>Den Befund einem Facharzt übergeben, der ihn signiert</translation>
    </message>
    <message>
        <source>Write an addendum to the signed report</source>
        <translation>Einen Nachtrag zum signierten Befund schreiben</translation>
    </message>
    <message>
        <source>Withdraw the signed report with a reason</source>
        <translation>Den signierten Befund mit Begründung zurückziehen</translation>
    </message>
    <message>
        <source>New report…</source>
        <translation>Neuer Befund…</translation>
    </message>
    <message>
        <source>Begin a new report</source>
        <translation>Einen neuen Befund beginnen</translation>
    </message>
    <message>
        <source>What does this film show?</source>
        <translation>Was zeigt diese Aufnahme?</translation>
    </message>
    <message>
        <source>Is this film normal?</source>
        <translation>Ist diese Aufnahme unauffällig?</translation>
    </message>
    <message>
        <source>Is there an atelectasis?</source>
        <translation>Liegt eine Atelektase vor?</translation>
    </message>
    <message>
        <source>Is the heart enlarged?</source>
        <translation>Ist das Herz vergrößert?</translation>
    </message>
    <message>
        <source>Is there a consolidation?</source>
        <translation>Liegt eine Konsolidierung vor?</translation>
    </message>
    <message>
        <source>Is there pulmonary edema?</source>
        <translation>Liegt ein Lungenödem vor?</translation>
    </message>
    <message>
        <source>Is there a pleural effusion?</source>
        <translation>Liegt ein Pleuraerguss vor?</translation>
    </message>
    <message>
        <source>Is there emphysema?</source>
        <translation>Liegt ein Emphysem vor?</translation>
    </message>
    <message>
        <source>Is there fibrosis?</source>
        <translation>Liegt eine Fibrose vor?</translation>
    </message>
    <message>
        <source>Is there a hernia?</source>
        <translation>Liegt eine Hernie vor?</translation>
    </message>
    <message>
        <source>Is there an infiltration?</source>
        <translation>Liegt ein Infiltrat vor?</translation>
    </message>
    <message>
        <source>Is there a mass?</source>
        <translation>Liegt eine Raumforderung vor?</translation>
    </message>
    <message>
        <source>Is there a nodule?</source>
        <translation>Liegt ein Rundherd vor?</translation>
    </message>
    <message>
        <source>Is there pleural thickening?</source>
        <translation>Liegt eine Pleuraverdickung vor?</translation>
    </message>
    <message>
        <source>Is there a pneumonia?</source>
        <translation>Liegt eine Pneumonie vor?</translation>
    </message>
    <message>
        <source>Is there a pneumothorax?</source>
        <translation>Liegt ein Pneumothorax vor?</translation>
    </message>
    <message>
        <source>No confidence was measured for this model.</source>
        <translation>Für dieses Modell wurde keine Sicherheit gemessen.</translation>
    </message>
    <message>
        <source>Weak: held true with {share}.</source>
        <translation>Schwach: zu {share} für zutreffend gehalten.</translation>
    </message>
    <message>
        <source>Held true with {share}.</source>
        <translation>Zu {share} für zutreffend gehalten.</translation>
    </message>
    <message>
        <source>Weak: held true with {share}, {said} of {samples} samples agree.</source>
        <translation>Schwach: zu {share} für zutreffend gehalten, {said} von {samples} Stichproben gleich.</translation>
    </message>
    <message>
        <source>Held true with {share}, {said} of {samples} samples agree.</source>
        <translation>Zu {share} für zutreffend gehalten, {said} von {samples} Stichproben gleich.</translation>
    </message>
    <message>
        <source>A film drawn from this draft is unusually unlike this film. Advice only: the comparison tells drafts of a film from drafts of other films with an AUROC of {auroc} ({low} to {high}).</source>
        <translation>Eine aus diesem Entwurf gezeichnete Aufnahme ist dieser Aufnahme ungewöhnlich unähnlich. Nur ein Rat: Der Vergleich unterscheidet Entwürfe zu einer Aufnahme von Entwürfen zu anderen mit einer AUROC von {auroc} ({low} bis {high}).</translation>
    </message>
    <message>
        <source>Checks before signing</source>
        <translation>Prüfungen vor der Signatur</translation>
    </message>
    <message>
        <source>The model can&apos;t judge these. Look for each and tick it off.</source>
        <translation>Diese Befunde kann das Modell nicht beurteilen. Achten Sie auf jeden und haken Sie ihn ab.</translation>
    </message>
    <message>
        <source>{finding} (in the text)</source>
        <translation>{finding} (im Text)</translation>
    </message>
    <message>
        <source>Checks before signing: {standing} standing, {unseen} to look for</source>
        <translation>Prüfungen vor der Signatur: {standing} offen, {unseen} noch abzuhaken</translation>
    </message>
    <message>
        <source>Checks before signing: {standing} standing</source>
        <translation>Prüfungen vor der Signatur: {standing} offen</translation>
    </message>
    <message>
        <source>Checks before signing: {unseen} to look for</source>
        <translation>Prüfungen vor der Signatur: {unseen} noch abzuhaken</translation>
    </message>
    <message>
        <source>Checks before signing: nothing stands against it</source>
        <translation>Prüfungen vor der Signatur: Nichts spricht dagegen</translation>
    </message>
    <message>
        <source>Looked for: {finding}</source>
        <translation>Darauf geachtet: {finding}</translation>
    </message>
    <message>
        <source>pleural effusion</source>
        <translation>Pleuraerguss</translation>
    </message>
    <message>
        <source>pneumothorax</source>
        <translation>Pneumothorax</translation>
    </message>
    <message>
        <source>pneumonia</source>
        <translation>Pneumonie</translation>
    </message>
    <message>
        <source>consolidation</source>
        <translation>Konsolidierung</translation>
    </message>
    <message>
        <source>infiltrate</source>
        <translation>Infiltrat</translation>
    </message>
    <message>
        <source>opacity</source>
        <translation>Verschattung</translation>
    </message>
    <message>
        <source>atelectasis</source>
        <translation>Atelektase</translation>
    </message>
    <message>
        <source>edema</source>
        <translation>Lungenödem</translation>
    </message>
    <message>
        <source>congestion</source>
        <translation>Stauung</translation>
    </message>
    <message>
        <source>cardiomegaly</source>
        <translation>Kardiomegalie</translation>
    </message>
    <message>
        <source>mediastinal widening</source>
        <translation>Mediastinalverbreiterung</translation>
    </message>
    <message>
        <source>nodule</source>
        <translation>Rundherd</translation>
    </message>
    <message>
        <source>granuloma</source>
        <translation>Granulom</translation>
    </message>
    <message>
        <source>mass</source>
        <translation>Raumforderung</translation>
    </message>
    <message>
        <source>mediastinal mass</source>
        <translation>mediastinale Raumforderung</translation>
    </message>
    <message>
        <source>lung lesion</source>
        <translation>Lungenläsion</translation>
    </message>
    <message>
        <source>emphysema</source>
        <translation>Emphysem</translation>
    </message>
    <message>
        <source>fibrosis</source>
        <translation>Fibrose</translation>
    </message>
    <message>
        <source>pleural thickening</source>
        <translation>Pleuraverdickung</translation>
    </message>
    <message>
        <source>hernia</source>
        <translation>Hernie</translation>
    </message>
    <message>
        <source>fracture</source>
        <translation>Fraktur</translation>
    </message>
    <message>
        <source>tuberculosis</source>
        <translation>Tuberkulose</translation>
    </message>
    <message>
        <source>free air</source>
        <translation>freie Luft</translation>
    </message>
    <message>
        <source>support device</source>
        <translation>Fremdmaterial</translation>
    </message>
    <message>
        <source>What is added to the signed report</source>
        <translation>Was dem signierten Befund hinzugefügt wird</translation>
    </message>
    <message>
        <source>Sign addendum…</source>
        <translation>Nachtrag signieren…</translation>
    </message>
    <message>
        <source>Sign the addendum</source>
        <translation>Den Nachtrag signieren</translation>
    </message>
    <message>
        <source>The addendum waits</source>
        <translation>Der Nachtrag wartet</translation>
    </message>
    <message>
        <source>Addendum saved or not</source>
        <translation>Nachtrag gespeichert oder nicht</translation>
    </message>
    <message>
        <source>The signed report, unchanged</source>
        <translation>Der signierte Befund, unverändert</translation>
    </message>
    <message>
        <source>Addendum {number}, not signed yet</source>
        <translation>Nachtrag {number}, noch nicht signiert</translation>
    </message>
    <message>
        <source>Addendum {number} by {name}, {time}</source>
        <translation>Nachtrag {number} von {name}, {time}</translation>
    </message>
    <message>
        <source>Addendum {number} by {name}</source>
        <translation>Nachtrag {number} von {name}</translation>
    </message>
    <message>
        <source>Addendum {number}</source>
        <translation>Nachtrag {number}</translation>
    </message>
    <message>
        <source>Signature pending. {reason}</source>
        <translation>Die Signatur steht aus. {reason}</translation>
    </message>
    <message>
        <source>Signed by</source>
        <translation>Signiert von</translation>
    </message>
    <message>
        <source>as a final report, sent to the PACS by the node</source>
        <translation>als endgültiger Befund, vom Knoten an das PACS gesendet</translation>
    </message>
    <message>
        <source>Sign</source>
        <translation>Signieren</translation>
    </message>
    <message>
        <source>Type your password to sign.</source>
        <translation>Geben Sie zum Signieren Ihr Passwort ein.</translation>
    </message>
    <message>
        <source>Type your PIN to sign.</source>
        <translation>Geben Sie zum Signieren Ihre PIN ein.</translation>
    </message>
    <message>
        <source>Hand to an attending reader</source>
        <translation>An einen Facharzt übergeben</translation>
    </message>
    <message>
        <source>Written by</source>
        <translation>Geschrieben von</translation>
    </message>
    <message>
        <source>as a preliminary report; an attending reader checks and signs it</source>
        <translation>als vorläufiger Befund; ein Facharzt prüft und signiert ihn</translation>
    </message>
    <message>
        <source>Hand on</source>
        <translation>Übergeben</translation>
    </message>
    <message>
        <source>Type your password to hand it on.</source>
        <translation>Geben Sie zum Übergeben Ihr Passwort ein.</translation>
    </message>
    <message>
        <source>Type your PIN to hand it on.</source>
        <translation>Geben Sie zum Übergeben Ihre PIN ein.</translation>
    </message>
    <message>
        <source>as an addendum; the signed report stays as it is</source>
        <translation>als Nachtrag; der signierte Befund bleibt, wie er ist</translation>
    </message>
    <message>
        <source>No sentence is the AI&apos;s own, unedited.</source>
        <translation>Kein Satz stammt unverändert von der KI.</translation>
    </message>
    <message>
        <source>The one sentence is the AI&apos;s own, unedited.</source>
        <translation>Der einzige Satz stammt unverändert von der KI.</translation>
    </message>
    <message numerus="yes">
        <source>%n of {total} sentence(s) are the AI&apos;s own, unedited.</source>
        <translation>
            <numerusform>%n von {total} Sätzen stammt unverändert von der KI.</numerusform>
            <numerusform>%n von {total} Sätzen stammen unverändert von der KI.</numerusform>
        </translation>
    </message>
    <message>
        <source>Text to be signed</source>
        <translation>Text, der signiert wird</translation>
    </message>
    <message>
        <source>Films not looked at</source>
        <translation>Nicht angesehene Aufnahmen</translation>
    </message>
    <message>
        <source>Objections</source>
        <translation>Einwände</translation>
    </message>
    <message>
        <source>Prepared by</source>
        <translation>Vorbereitet von</translation>
    </message>
    <message>
        <source>AI text</source>
        <translation>KI-Text</translation>
    </message>
    <message>
        <source>List of objections</source>
        <translation>Liste der Einwände</translation>
    </message>
    <message>
        <source>Prove it&apos;s you</source>
        <translation>Bestätigen Sie sich</translation>
    </message>
    <message>
        <source>Nothing was found to object to.</source>
        <translation>Es wurde nichts gefunden, was dagegen spricht.</translation>
    </message>
    <message>
        <source>Every objection is overruled; the reasons go into the audit trail.</source>
        <translation>Alle Einwände sind übergangen; die Gründe gehen in das Prüfprotokoll.</translation>
    </message>
    <message>
        <source>An objection stands that nobody can overrule.</source>
        <translation>Es besteht ein Einwand, den niemand übergehen kann.</translation>
    </message>
    <message>
        <source>One objection stands. Correct the text, or overrule it with a reason.</source>
        <translation>Ein Einwand besteht. Berichtigen Sie den Text, oder übergehen Sie ihn mit Begründung.</translation>
    </message>
    <message>
        <source>{count} objections stand. Correct the text, or overrule each with a reason.</source>
        <translation>{count} Einwände bestehen. Berichtigen Sie den Text, oder übergehen Sie jeden mit Begründung.</translation>
    </message>
    <message numerus="yes">
        <source>%n film(s) of this study haven&apos;t been on the screen yet.</source>
        <translation>
            <numerusform>%n Aufnahme dieser Studie war noch nicht auf dem Schirm.</numerusform>
            <numerusform>%n Aufnahmen dieser Studie waren noch nicht auf dem Schirm.</numerusform>
        </translation>
    </message>
    <message>
        <source>PIN for this session, optional</source>
        <translation>PIN für diese Sitzung, freiwillig</translation>
    </message>
    <message>
        <source>PIN for this session (optional)</source>
        <translation>PIN für diese Sitzung (freiwillig)</translation>
    </message>
    <message>
        <source>Log in</source>
        <translation>Anmelden</translation>
    </message>
    <message>
        <source>Another person…</source>
        <translation>Andere Person…</translation>
    </message>
    <message>
        <source>Research use only. Not for diagnosis.</source>
        <translation>Nur für die Forschung. Nicht zur Diagnose.</translation>
    </message>
    <message>
        <source>The password opens your signing key. A PIN re-opens it when the window has locked.</source>
        <translation>Das Passwort öffnet Ihren Signaturschlüssel. Eine PIN öffnet ihn wieder, wenn das Fenster gesperrt war.</translation>
    </message>
    <message>
        <source>Locked by {name}</source>
        <translation>Gesperrt von {name}</translation>
    </message>
    <message>
        <source>Your work is kept and saved.</source>
        <translation>Ihre Arbeit ist erhalten und gespeichert.</translation>
    </message>
    <message>
        <source>Unlock</source>
        <translation>Entsperren</translation>
    </message>
    <message>
        <source>(none)</source>
        <comment>accession number</comment>
        <translation>(keine)</translation>
    </message>
    <message>
        <source>Accession number {number}</source>
        <translation>Auftragsnummer {number}</translation>
    </message>
    <message>
        <source>Retract</source>
        <translation>Zurückziehen</translation>
    </message>
    <message>
        <source>Type your password to retract the report.</source>
        <translation>Geben Sie zum Zurückziehen des Befunds Ihr Passwort ein.</translation>
    </message>
    <message>
        <source>Type your PIN to retract the report.</source>
        <translation>Geben Sie zum Zurückziehen des Befunds Ihre PIN ein.</translation>
    </message>
    <message>
        <source>The report and its addenda are withdrawn wherever they went. This can&apos;t be undone; the signed words stay in this workstation.</source>
        <translation>Der Befund und seine Nachträge werden überall zurückgezogen, wohin sie gingen. Das lässt sich nicht rückgängig machen; die unterschriebenen Worte bleiben in dieser Arbeitsstation.</translation>
    </message>
    <message>
        <source>Looking who holds what…</source>
        <translation>Es wird nachgesehen, wer was hat …</translation>
    </message>
    <message>
        <source>What goes to whom</source>
        <translation>Was an wen geht</translation>
    </message>
    <message>
        <source>Goes to</source>
        <translation>Geht an</translation>
    </message>
    <message>
        <source>Say in a sentence why the report is withdrawn.</source>
        <translation>Sagen Sie in einem Satz, warum der Befund zurückgezogen wird.</translation>
    </message>
    <message>
        <source>Password or PIN</source>
        <translation>Passwort oder PIN</translation>
    </message>
    <message>
        <source>PIN</source>
        <translation>PIN</translation>
    </message>
    <message>
        <source>What should change</source>
        <translation>Was geändert werden soll</translation>
    </message>
    <message>
        <source>Send back</source>
        <translation>Zurückgeben</translation>
    </message>
    <message>
        <source>The text goes back as it stands here; its author finds your words on the worklist and hands it on again.</source>
        <translation>Der Text geht zurück, wie er hier steht; der Verfasser findet Ihre Worte in der Arbeitsliste und übergibt ihn erneut.</translation>
    </message>
    <message>
        <source>Say in a sentence what should change.</source>
        <translation>Sagen Sie in einem Satz, was geändert werden soll.</translation>
    </message>
    <message>
        <source>{name} has held this study since {time}.</source>
        <translation>{name} belegt diese Studie seit {time}.</translation>
    </message>
    <message>
        <source>{name} has held this study.</source>
        <translation>{name} belegt diese Studie.</translation>
    </message>
    <message>
        <source>What was written so far is kept; only one of you can go on writing.</source>
        <translation>Was bisher geschrieben wurde, bleibt erhalten; nur einer von Ihnen kann weiterschreiben.</translation>
    </message>
    <message>
        <source>Take over</source>
        <translation>Übernehmen</translation>
    </message>
    <message>
        <source>Write your own impression first: drawn films tell what the model said.</source>
        <translation>Schreiben Sie zuerst Ihre eigene Beurteilung: Gezeichnete Aufnahmen verraten, was das Modell gesagt hat.</translation>
    </message>
    <message>
        <source>Neither this workstation nor the model had an earlier film of this patient. Words of comparison are then made up, or rest on a film that you saw elsewhere: say so in the reason, or take them out.</source>
        <translation>Weder diese Workstation noch das Modell hatte eine Voraufnahme dieses Patienten. Vergleichende Worte sind dann erfunden oder beruhen auf einer Aufnahme, die Sie anderswo gesehen haben: Sagen Sie das in der Begründung, oder streichen Sie sie.</translation>
    </message>
    <message>
        <source>The model reads one film and never an earlier one. A comparison in its words is made up, also where an earlier film exists. Compare the films yourself and put it in your words.</source>
        <translation>Das Modell liest eine Aufnahme und nie eine Voraufnahme. Ein Vergleich in seinen Worten ist erfunden, auch wo es eine Voraufnahme gibt. Vergleichen Sie die Aufnahmen selbst und sagen Sie es in Ihren Worten.</translation>
    </message>
    <message>
        <source>A finding is denied in one place and affirmed in another, of the same side and zone. Readers of the report will believe one of them.</source>
        <translation>Ein Befund wird an einer Stelle verneint und an einer anderen bejaht, auf derselben Seite und in derselben Zone. Wer den Befund liest, wird eines davon glauben.</translation>
    </message>
    <message>
        <source>The same finding is on one side in the findings and on the other in the impression. Look at the film&apos;s side marker and correct one of them.</source>
        <translation>Derselbe Befund liegt im Befundteil auf der einen und in der Beurteilung auf der anderen Seite. Sehen Sie nach der Seitenmarkierung der Aufnahme und berichtigen Sie eines von beiden.</translation>
    </message>
    <message>
        <source>A mirrored film of a usual patient looks like the film of a patient whose organs lie on the other side. Where the header says nothing, only the side marker on the film tells them apart.</source>
        <translation>Eine gespiegelte Aufnahme sieht aus wie die eines Patienten mit seitenverkehrter Organlage. Sagen die Kopfdaten nichts, unterscheidet nur die Seitenmarkierung auf der Aufnahme die beiden.</translation>
    </message>
    <message>
        <source>The header says that the patient&apos;s right is on the right of the picture: the film is mirrored.</source>
        <translation>Nach den Kopfdaten liegt die rechte Seite des Patienten rechts im Bild: Die Aufnahme ist gespiegelt.</translation>
    </message>
    <message>
        <source>The header says that the film is shown turned, so sides on the screen may not be the patient&apos;s.</source>
        <translation>Nach den Kopfdaten wird die Aufnahme gedreht gezeigt; die Seiten auf dem Schirm müssen nicht die des Patienten sein.</translation>
    </message>
    <message>
        <source>The header says that the film was taken from the side: left and right can&apos;t be told on it. Look at the frontal film.</source>
        <translation>Nach den Kopfdaten ist es eine Seitaufnahme: Rechts und links sind darauf nicht zu trennen. Sehen Sie die frontale Aufnahme an.</translation>
    </message>
    <message>
        <source>A small classifier beside the model has looked at the film itself. It calls the film abnormal where the text doesn&apos;t. It is wrong often enough that its word alone decides nothing: look again.</source>
        <translation>Ein kleiner Klassifikator neben dem Modell hat die Aufnahme selbst angesehen. Er nennt sie auffällig, der Text nicht. Er irrt oft genug, dass sein Wort allein nichts entscheidet: Sehen Sie noch einmal hin.</translation>
    </message>
    <message>
        <source>A small classifier beside the model has looked at the film itself and finds nothing, where the text does. It misses findings; look again.</source>
        <translation>Ein kleiner Klassifikator neben dem Modell hat die Aufnahme selbst angesehen und findet nichts, wo der Text etwas nennt. Er übersieht Befunde; sehen Sie noch einmal hin.</translation>
    </message>
    <message>
        <source>A small classifier beside the model puts this finding above the threshold that was set on validation films, and the text denies it. Look again.</source>
        <translation>Ein kleiner Klassifikator neben dem Modell sieht diesen Befund über der Schwelle, die an Prüfaufnahmen festgelegt wurde, und der Text verneint ihn. Sehen Sie noch einmal hin.</translation>
    </message>
    <message>
        <source>A small classifier beside the model puts this finding far below its threshold, and the text affirms it. Look again.</source>
        <translation>Ein kleiner Klassifikator neben dem Modell sieht diesen Befund weit unter seiner Schwelle, und der Text bejaht ihn. Sehen Sie noch einmal hin.</translation>
    </message>
    <message>
        <source>An empty report can&apos;t be signed.</source>
        <translation>Ein leerer Befund kann nicht signiert werden.</translation>
    </message>
    <message>
        <source>Whoever asked for the film reads the impression first, and often nothing else.</source>
        <translation>Wer die Aufnahme angefordert hat, liest zuerst die Beurteilung, und oft nichts anderes.</translation>
    </message>
    <message>
        <source>A heading without text looks as if something had been lost.</source>
        <translation>Eine Überschrift ohne Text sieht aus, als wäre etwas verloren gegangen.</translation>
    </message>
    <message>
        <source>Brackets, underscores and dots stand for what a macro or a draft left to you.</source>
        <translation>Klammern, Unterstriche und Punkte stehen für das, was ein Textbaustein oder ein Entwurf Ihnen überlassen hat.</translation>
    </message>
    <message>
        <source>The last sentence of a section ends with a word after which something must follow.</source>
        <translation>Der letzte Satz eines Abschnitts endet mit einem Wort, nach dem etwas folgen muss.</translation>
    </message>
    <message>
        <source>The model was never trained or tested on these findings and says nothing of them, also where they are there. Look for each and tick it off, or write about it.</source>
        <translation>Das Modell wurde an diesen Befunden nie trainiert oder geprüft und sagt nichts über sie, auch wo sie vorliegen. Achten Sie auf jeden und haken Sie ihn ab, oder schreiben Sie darüber.</translation>
    </message>
    <message>
        <source>Identity can&apos;t be overruled: a report without a patient belongs to nobody, or to the wrong one.</source>
        <translation>Die Identität kann nicht übergangen werden: Ein Befund ohne Patienten gehört niemandem oder dem Falschen.</translation>
    </message>
    <message>
        <source>The AI was given no earlier film, yet compares: “{said}”</source>
        <translation>Die KI hatte keine Voraufnahme und vergleicht doch: „{said}“</translation>
    </message>
    <message>
        <source>No earlier film was given, yet it compares: “{said}”</source>
        <translation>Es lag keine Voraufnahme vor, und doch wird verglichen: „{said}“</translation>
    </message>
    <message>
        <source>One sentence denies and affirms {finding}: “{said}”</source>
        <translation>Ein Satz verneint und bejaht {finding}: „{said}“</translation>
    </message>
    <message>
        <source>The text denies and affirms {finding}: “{said}” against “{other}”</source>
        <translation>Der Text verneint und bejaht {finding}: „{said}“ gegen „{other}“</translation>
    </message>
    <message>
        <source>Findings and impression name different sides for {finding}: “{said}” against “{other}”</source>
        <translation>Befundteil und Beurteilung nennen verschiedene Seiten für {finding}: „{said}“ gegen „{other}“</translation>
    </message>
    <message>
        <source>The text says that organs lie on the other side: “{said}” The film&apos;s header doesn&apos;t say which side is which, and a mirrored film looks the same. Check the side marker on the film.</source>
        <translation>Der Text nennt eine seitenverkehrte Organlage: „{said}“ Die Kopfdaten der Aufnahme sagen nicht, welche Seite welche ist, und eine gespiegelte Aufnahme sieht ebenso aus. Prüfen Sie die Seitenmarkierung auf der Aufnahme.</translation>
    </message>
    <message>
        <source>The text names a side, but the film is mirrored by its header (Patient Orientation {shown}).</source>
        <translation>Der Text nennt eine Seite, doch nach ihren Kopfdaten ist die Aufnahme gespiegelt (Patient Orientation {shown}).</translation>
    </message>
    <message>
        <source>The text names a side, but the film isn&apos;t upright by its header (Patient Orientation {shown}).</source>
        <translation>Der Text nennt eine Seite, doch nach ihren Kopfdaten steht die Aufnahme nicht aufrecht (Patient Orientation {shown}).</translation>
    </message>
    <message>
        <source>The text names a side, but the film is a lateral one by its header (Patient Orientation {shown}).</source>
        <translation>Der Text nennt eine Seite, doch nach ihren Kopfdaten ist es eine Seitaufnahme (Patient Orientation {shown}).</translation>
    </message>
    <message>
        <source>A second network calls this film abnormal; the text names no finding as present.</source>
        <translation>Ein zweites Netz nennt diese Aufnahme auffällig; der Text nennt keinen vorliegenden Befund.</translation>
    </message>
    <message>
        <source>A second network calls this film normal; the text affirms a finding.</source>
        <translation>Ein zweites Netz nennt diese Aufnahme unauffällig; der Text bejaht einen Befund.</translation>
    </message>
    <message>
        <source>The text denies {finding}; a second network sees it ({probability}, threshold {threshold}).</source>
        <translation>Der Text verneint {finding}; ein zweites Netz sieht den Befund ({probability}, Schwelle {threshold}).</translation>
    </message>
    <message>
        <source>The text affirms {finding}; a second network doesn&apos;t see it ({probability}, threshold {threshold}).</source>
        <translation>Der Text bejaht {finding}; ein zweites Netz sieht den Befund nicht ({probability}, Schwelle {threshold}).</translation>
    </message>
    <message>
        <source>The text is empty: there is nothing to sign.</source>
        <translation>Der Text ist leer: Es gibt nichts zu signieren.</translation>
    </message>
    <message>
        <source>The report has no impression.</source>
        <translation>Der Befund hat keine Beurteilung.</translation>
    </message>
    <message>
        <source>The heading of the findings stands there with nothing under it.</source>
        <translation>Die Überschrift des Befundteils steht da, und nichts darunter.</translation>
    </message>
    <message>
        <source>Something was left to be filled in: “{said}”</source>
        <translation>Etwas ist noch auszufüllen: „{said}“</translation>
    </message>
    <message>
        <source>The text breaks off in the middle of a sentence: “{said}”</source>
        <translation>Der Text bricht mitten im Satz ab: „{said}“</translation>
    </message>
    <message>
        <source>The model can&apos;t judge these, and nobody has addressed them: {findings}.</source>
        <translation>Diese kann das Modell nicht beurteilen, und niemand ist auf sie eingegangen: {findings}.</translation>
    </message>
    <message>
        <source>The study bears no patient ID. Have it corrected in the PACS and sent again.</source>
        <translation>Die Studie trägt keine Patienten-ID. Lassen Sie sie im PACS berichtigen und erneut senden.</translation>
    </message>
    <message>
        <source>The report is of another patient</source>
        <translation>Der Befund gehört zu einem anderen Patienten</translation>
    </message>
    <message>
        <source>The report is of another study</source>
        <translation>Der Befund gehört zu einer anderen Studie</translation>
    </message>
    <message>
        <source>A finding is on the wrong side</source>
        <translation>Ein Befund ist auf der falschen Seite</translation>
    </message>
    <message>
        <source>A finding is wrong</source>
        <translation>Ein Befund ist falsch</translation>
    </message>
    <message>
        <source>It was signed by mistake</source>
        <translation>Er wurde versehentlich signiert</translation>
    </message>
    <message>
        <source>Another reason</source>
        <translation>Ein anderer Grund</translation>
    </message>
    <message>
        <source>refused by the gate</source>
        <translation>von der Ausgangsprüfung abgelehnt</translation>
    </message>
    <message>
        <source>Study {study}: {document}</source>
        <translation>Studie {study}: {document}</translation>
    </message>
    <message>
        <source>Refused by the gate: {document}. {why}</source>
        <translation>Von der Ausgangsprüfung abgelehnt: {document}. {why}</translation>
    </message>
    <message>
        <source>Addendum, version {version}</source>
        <translation>Nachtrag, Fassung {version}</translation>
    </message>
    <message>
        <source>Signed report, version {version}</source>
        <translation>Unterschriebener Befund, Fassung {version}</translation>
    </message>
    <message>
        <source>What the gate found</source>
        <translation>Was die Ausgangsprüfung fand</translation>
    </message>
    <message>
        <source>Fault</source>
        <translation>Mangel</translation>
    </message>
    <message>
        <source>Copy all that the gate found</source>
        <translation>Alles kopieren, was die Ausgangsprüfung fand</translation>
    </message>
    <message>
        <source>Send the documents again</source>
        <translation>Die Dokumente erneut senden</translation>
    </message>
    <message>
        <source>Refused by the gate: it lets no document leave that it finds a fault in. Nothing has left.</source>
        <translation>Von der Ausgangsprüfung abgelehnt: Sie lässt kein Dokument hinaus, an dem sie einen Mangel findet. Nichts hat das Haus verlassen.</translation>
    </message>
    <message>
        <source>Once it is mended, sign again: that makes a new version.</source>
        <translation>Ist er behoben, unterschreiben Sie erneut: Das ergibt eine neue Fassung.</translation>
    </message>
    <message>
        <source>Once it is mended, “Send again” makes the document anew, and the gate judges it again.</source>
        <translation>Ist er behoben, macht „Erneut senden“ das Dokument neu, und es wird wieder geprüft.</translation>
    </message>
    <message>
        <source>Once it is mended, a reader or an administrator can send it again.</source>
        <translation>Ist er behoben, kann ein Befunder oder ein Administrator es erneut senden.</translation>
    </message>
    <message>
        <source>It was copied.</source>
        <translation>Es wurde kopiert.</translation>
    </message>
    <message numerus="yes">
        <source>%n document(s) are made anew; a fault that is left stands here again.</source>
        <translation>
            <numerusform>%n Dokument wird neu gemacht; ein Mangel, der bleibt, steht dann wieder hier.</numerusform>
            <numerusform>%n Dokumente werden neu gemacht; ein Mangel, der bleibt, steht dann wieder hier.</numerusform>
        </translation>
    </message>
    <message>
        <source>gets a rejection note for each document that it holds: {documents}.</source>
        <translation>bekommt zu jedem Dokument, das dort liegt, einen Ablehnungsvermerk: {documents}.</translation>
    </message>
    <message>
        <source>gets a message that cancels the result (OBR-25 X, OBX-11 W), for each of: {documents}.</source>
        <translation>bekommt eine Nachricht, die das Ergebnis storniert (OBR-25 X, OBX-11 W), zu: {documents}.</translation>
    </message>
    <message>
        <source>has its resource set to “entered in error”, without its words: {documents}.</source>
        <translation>bekommt die Ressource als „entered in error“, ohne ihre Worte: {documents}.</translation>
    </message>
    <message>
        <source>hasn&apos;t got this yet, and won&apos;t: {documents}.</source>
        <translation>hat dies noch nicht und bekommt es nicht mehr: {documents}.</translation>
    </message>
    <message>
        <source>Of a document that is under way it isn&apos;t known yet whether it arrived; the request waits until it is.</source>
        <translation>Von einem Dokument, das unterwegs ist, steht noch nicht fest, ob es angekommen ist; der Antrag wartet so lange.</translation>
    </message>
    <message>
        <source>Nothing of this report has left, so nobody is told.</source>
        <translation>Von diesem Befund hat nichts das Haus verlassen, also erfährt niemand davon.</translation>
    </message>
    <message>
        <source>holds {documents}, but is no longer among the site&apos;s destinations, so it can&apos;t be told. Have it withdrawn there.</source>
        <translation>hat {documents}, gehört aber nicht mehr zu den Zielen des Standorts und kann es nicht erfahren. Lassen Sie es dort zurückziehen.</translation>
    </message>
    <message>
        <source>Whether all of that arrived isn&apos;t certain; it is withdrawn all the same.</source>
        <translation>Ob alles davon ankam, ist nicht sicher; es wird trotzdem zurückgezogen.</translation>
    </message>
    <message>
        <source>{document} (of the draft)</source>
        <translation>{document} (des Entwurfs)</translation>
    </message>
    <message>
        <source>Report of this study, signed here by {name} on {date}</source>
        <translation>Befund dieser Studie, hier signiert von {name} am {date}</translation>
    </message>
    <message>
        <source>Report of this study, verified by {name} on {date}</source>
        <translation>Befund dieser Studie, freigegeben von {name} am {date}</translation>
    </message>
    <message>
        <source>Report of this study, not verified, of {date}</source>
        <translation>Befund dieser Studie, nicht freigegeben, vom {date}</translation>
    </message>
    <message>
        <source>No report of this study is at hand.</source>
        <translation>Zu dieser Studie liegt kein Befund vor.</translation>
    </message>
    <message>
        <source>Report of the study to compare with</source>
        <translation>Befund der Vergleichsstudie</translation>
    </message>
    <message>
        <source>Complete: all images that {by} listed are here.</source>
        <translation>Vollständig: Alle Bilder, die {by} genannt hat, sind da.</translation>
    </message>
    <message>
        <source>Complete: {by} says that the examination was broken off.</source>
        <translation>Vollständig: Die Untersuchung wurde laut {by} abgebrochen.</translation>
    </message>
    <message>
        <source>Complete: {by} holds no other images of it.</source>
        <translation>Vollständig: {by} hat keine weiteren Bilder dazu.</translation>
    </message>
    <message>
        <source>Complete: nothing more came during the quiet time.</source>
        <translation>Vollständig: In der Ruhezeit kam nichts mehr.</translation>
    </message>
    <message>
        <source>Not complete: {missing} never came ({names}).</source>
        <translation>Unvollständig, nie gekommen: {missing} ({names}).</translation>
    </message>
    <message>
        <source>Not complete: {by} holds {there} images, {here} came.</source>
        <translation>Unvollständig: {by} hat {there} Bilder, {here} sind gekommen.</translation>
    </message>
    <message>
        <source>Perhaps not complete: {by} never said that the examination is over.</source>
        <translation>Vielleicht unvollständig: {by} hat nie gemeldet, dass die Untersuchung beendet ist.</translation>
    </message>
    <message>
        <source>Perhaps not complete: {by} could not be asked for its count.</source>
        <translation>Vielleicht unvollständig: {by} konnte nicht nach der Anzahl gefragt werden.</translation>
    </message>
    <message>
        <source>Images are coming in; it is looked at when none has come for a while.</source>
        <translation>Es kommen noch Bilder; die Studie wird angesehen, wenn eine Weile keines mehr gekommen ist.</translation>
    </message>
    <message>
        <source>Waits: {by} says that the examination still goes on.</source>
        <translation>Wartet: Laut {by} läuft die Untersuchung noch.</translation>
    </message>
    <message>
        <source>Waits for {missing} that {by} listed: {names}.</source>
        <translation>Wartet auf {missing}, von {by} genannt: {names}.</translation>
    </message>
    <message>
        <source>Waits for more images: {by} holds {there}, {here} are here.</source>
        <translation>Wartet auf weitere Bilder: {by} hat {there}, {here} sind da.</translation>
    </message>
    <message>
        <source>Waits: {by} is being asked how many images it holds.</source>
        <translation>Wartet: {by} wird gefragt, wie viele Bilder es hat.</translation>
    </message>
    <message>
        <source>This can&apos;t be such a name and wasn&apos;t kept. A token or password itself is never entered here, only the name under which the node finds it.</source>
        <translation>Das kann kein solcher Name sein und wurde nicht behalten. Ein Token oder Passwort selbst wird hier nie eingetragen, nur der Name, unter dem der Knoten es findet.</translation>
    </message>
    <message>
        <source>The last one stays ticked: without any, the default would hold.</source>
        <translation>Der letzte Haken bleibt: ohne einen gälte die Vorgabe.</translation>
    </message>
    <message>
        <source>What is wrong with the whole entry</source>
        <translation>Was am ganzen Eintrag falsch ist</translation>
    </message>
    <message numerus="yes">
        <source>%n fault(s)</source>
        <translation>
            <numerusform>%n Fehler</numerusform>
            <numerusform>%n Fehler</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n set</source>
        <translation>
            <numerusform>%n gesetzt</numerusform>
            <numerusform>%n gesetzt</numerusform>
        </translation>
    </message>
    <message>
        <source>Group of settings: {title}</source>
        <translation>Gruppe von Einstellungen: {title}</translation>
    </message>
    <message>
        <source>The key is missing, and pseudonyms were given under it: restore it from a backup.</source>
        <translation>Der Schlüssel fehlt, und unter ihm wurden Pseudonyme vergeben: Stellen Sie ihn aus einer Sicherung wieder her.</translation>
    </message>
    <message>
        <source>Other accounts can read the key: chmod 600 it.</source>
        <translation>Andere Konten können den Schlüssel lesen: chmod 600.</translation>
    </message>
    <message>
        <source>This account can&apos;t read the key, so it can&apos;t open the key table.</source>
        <translation>Dieses Konto kann den Schlüssel nicht lesen und also die Schlüsseltabelle nicht öffnen.</translation>
    </message>
    <message>
        <source>Short name in rules and tables.</source>
        <translation>Kurzer Name in Regeln und Tabellen.</translation>
    </message>
    <message>
        <source>Base URL, such as https://fhir.example.org/r4; no user, no query.</source>
        <translation>Basis-URL, etwa https://fhir.example.org/r4; ohne Benutzer, ohne Abfrage.</translation>
    </message>
    <message>
        <source>Name of the courier&apos;s environment variable that holds the bearer token, in capitals.</source>
        <translation>Name der Umgebungsvariablen des Kuriers mit dem Bearer-Token, in Großbuchstaben.</translation>
    </message>
    <message>
        <source>Or name of a file in the home&apos;s folder `keys` (mode 0600) that holds it.</source>
        <translation>Oder Name einer Datei im Ordner `keys` des Heims (Modus 0600), die es enthält.</translation>
    </message>
    <message>
        <source>Days after the study was settled (of files: after they were written).</source>
        <translation>Tage, nachdem die Untersuchung erledigt war (bei Dateien: nachdem sie geschrieben wurden).</translation>
    </message>
    <message>
        <source>Days after which it may go earlier while the disk is short (`purge_below_gb`); empty: never.</source>
        <translation>Tage, nach denen es bei knappem Platz (`purge_below_gb`) früher gehen darf; leer: nie.</translation>
    </message>
    <message>
        <source>Its AE title, as its administrator says it.</source>
        <translation>Ihr AE-Titel, wie ihn ihr Administrator nennt.</translation>
    </message>
    <message>
        <source>Host name or address.</source>
        <translation>Rechnername oder Adresse.</translation>
    </message>
    <message>
        <source>Its DICOM port; 104 and 11112 are usual, 2762 by TLS.</source>
        <translation>Ihr DICOM-Port; üblich sind 104 und 11112, 2762 über TLS.</translation>
    </message>
    <message>
        <source>What the peer is used for.</source>
        <translation>Wofür die Gegenstelle verwendet wird.</translation>
    </message>
    <message>
        <source>User name that we give it with an association (PS3.7 D.3.3.7).</source>
        <translation>Benutzername, den wir ihr mit einer Assoziation nennen (PS3.7 D.3.3.7).</translation>
    </message>
    <message>
        <source>Name of the node&apos;s environment variable that holds the password for it, in capitals.</source>
        <translation>Name der Umgebungsvariablen des Knotens mit dem Passwort für sie, in Großbuchstaben.</translation>
    </message>
    <message>
        <source>Name of the node&apos;s environment variable that holds the password it must give, in capitals.</source>
        <translation>Name der Umgebungsvariablen des Knotens mit dem Passwort, das sie nennen muss, in Großbuchstaben.</translation>
    </message>
    <message>
        <source>Whether it may send films to us, by DIMSE or STOW-RS.</source>
        <translation>Ob sie uns Aufnahmen senden darf, über DIMSE oder STOW-RS.</translation>
    </message>
    <message>
        <source>Whether an association under its AE title, or its STOW-RS request, is taken from its host only.</source>
        <translation>Ob eine Assoziation unter ihrem AE-Titel oder ihre STOW-RS-Anfrage nur von ihrem Rechner angenommen wird.</translation>
    </message>
    <message>
        <source>What it may send: `films` (CR and DX), `images`, `reports`, `documents` or SOP Class UIDs; empty: all that the node takes. Others are refused in negotiation, and one by one by STOW-RS.</source>
        <translation>Was sie senden darf: `films` (CR und DX), `images`, `reports`, `documents` oder SOP Class UIDs; leer: alles, was der Knoten nimmt. Anderes wird beim Aushandeln abgelehnt, über STOW-RS Stück für Stück.</translation>
    </message>
    <message>
        <source>Whether it is reached by TLS, and let in by TLS only; needs this machine&apos;s `tls_` settings. At STOW-RS it holds too: the server must have web_certificate, a proxy&apos;s TLS doesn&apos;t count.</source>
        <translation>Ob sie über TLS erreicht und nur über TLS eingelassen wird; braucht die `tls_`-Einstellungen dieses Rechners. Gilt auch für STOW-RS: Der Server muss web_certificate haben, das TLS eines Proxys zählt nicht.</translation>
    </message>
    <message>
        <source>Name that its certificate must bear; empty: its host when we connect, any when it does. At STOW-RS it holds too, and needs web_client_ca.</source>
        <translation>Name, den ihr Zertifikat tragen muss; leer: ihr Rechner, wenn wir verbinden, jeder, wenn sie es tut. Gilt auch für STOW-RS und braucht dort web_client_ca.</translation>
    </message>
    <message>
        <source>SHA-256 of its certificate, hexadecimal: exactly this one is accepted, whatever name it bears; by STOW-RS too. Its DICOMweb services are known by web_ca and the host of their address instead.</source>
        <translation>SHA-256 ihres Zertifikats, hexadezimal: Genau dieses wird angenommen, welchen Namen es auch trägt; auch über STOW-RS. Ihre DICOMweb-Dienste erkennt man stattdessen an web_ca und dem Rechner ihrer Adresse.</translation>
    </message>
    <message>
        <source>User name that it must give with an association to us, else it is rejected; at STOW-RS by HTTP Basic, unless it has web_token_key, which stands in for it.</source>
        <translation>Benutzername, den sie uns mit einer Assoziation nennen muss, sonst wird sie abgewiesen; bei STOW-RS über HTTP Basic, außer sie hat web_token_key, das dafür steht.</translation>
    </message>
    <message>
        <source>Or name of a file in the home&apos;s folder `keys` (mode 0600) that holds it; empty: the name alone counts, and lets it in by STOW-RS only beside web_client.</source>
        <translation>Oder Name einer Datei im Ordner `keys` des Heims (Modus 0600), die es enthält; leer: Nur der Name zählt und lässt sie über STOW-RS nur neben web_client ein.</translation>
    </message>
    <message>
        <source>Whether it is asked for the patient&apos;s identity before a signature.</source>
        <translation>Ob sie vor einer Unterschrift nach der Identität des Patienten gefragt wird.</translation>
    </message>
    <message>
        <source>How storage is confirmed: storage commitment, C-FIND, or whichever the peer has.</source>
        <translation>Wie die Speicherung bestätigt wird: Storage Commitment, C-FIND oder was die Gegenstelle hat.</translation>
    </message>
    <message>
        <source>Quiet time of its studies, seconds; empty: the site&apos;s.</source>
        <translation>Ruhezeit ihrer Untersuchungen, Sekunden; leer: die des Standorts.</translation>
    </message>
    <message>
        <source>How long missing images of its studies are waited for, seconds; empty: the site&apos;s.</source>
        <translation>Wie lange auf fehlende Bilder ihrer Untersuchungen gewartet wird, Sekunden; leer: wie am Standort.</translation>
    </message>
    <message>
        <source>What is believed of it about which images a study has: `mpps` (performed procedure steps), `ian` (Instance Availability Notifications). What isn&apos;t named is refused.</source>
        <translation>Was ihr darüber geglaubt wird, welche Bilder eine Untersuchung hat: `mpps` (Performed Procedure Steps), `ian` (Instance Availability Notifications). Was nicht genannt ist, wird abgelehnt.</translation>
    </message>
    <message>
        <source>Name of the peer that is asked by C-FIND, or QIDO-RS, how many images a study of this one has; empty: none is.</source>
        <translation>Name der Gegenstelle, die über C-FIND oder QIDO-RS gefragt wird, wie viele Bilder eine Untersuchung von dieser hat; leer: keine.</translation>
    </message>
    <message>
        <source>Whether it is asked for earlier chest films of a new study&apos;s patient.</source>
        <translation>Ob sie nach früheren Thoraxaufnahmen des Patienten einer neuen Untersuchung gefragt wird.</translation>
    </message>
    <message>
        <source>How many years back it is asked for.</source>
        <translation>Wie viele Jahre zurück gefragt wird.</translation>
    </message>
    <message>
        <source>How many earlier studies are fetched from it at most.</source>
        <translation>Wie viele frühere Untersuchungen höchstens von ihr geholt werden.</translation>
    </message>
    <message>
        <source>How studies are fetched from it: C-MOVE to this node, C-GET (WADO-RS where it has DICOMweb), or whichever it has.</source>
        <translation>Wie Untersuchungen von ihr geholt werden: C-MOVE an diesen Knoten, C-GET (WADO-RS, wo sie DICOMweb hat) oder was sie hat.</translation>
    </message>
    <message>
        <source>Whether it is asked by Modality Worklist for the order of a new study.</source>
        <translation>Ob sie über Modality Worklist nach dem Auftrag einer neuen Untersuchung gefragt wird.</translation>
    </message>
    <message>
        <source>Rate at which it may send to us, MB/s; what is faster waits. Empty: any. All its associations share it; and apart from them, all its STOW-RS requests.</source>
        <translation>Rate, mit der sie uns senden darf, MB/s; was schneller ist, wartet. Leer: jede. Alle ihre Assoziationen teilen sie sich; getrennt davon alle ihre STOW-RS-Anfragen.</translation>
    </message>
    <message>
        <source>Associations it may have with us at once; apart from them, as many STOW-RS requests (more are answered 503). Empty: as many as the node.</source>
        <translation>Assoziationen, die sie zugleich mit uns haben darf; getrennt davon ebenso viele STOW-RS-Anfragen (mehr werden mit 503 beantwortet). Leer: so viele wie der Knoten.</translation>
    </message>
    <message>
        <source>Base URL of its DICOMweb services, such as https://pacs.example.org/dicom-web. Objects are then sent, asked for and fetched there instead of by AE title.</source>
        <translation>Basis-URL ihrer DICOMweb-Dienste, etwa https://pacs.example.org/dicom-web. Objekte werden dann dorthin gesendet, dort erfragt und geholt statt über den AE-Titel.</translation>
    </message>
    <message>
        <source>Name of the courier&apos;s environment variable with the bearer token for its DICOMweb services.</source>
        <translation>Name der Umgebungsvariablen des Kuriers mit dem Bearer-Token für ihre DICOMweb-Dienste.</translation>
    </message>
    <message>
        <source>File in `keys` (PEM) with the authorities that its DICOMweb server&apos;s certificate must come from; empty: those that the system trusts.</source>
        <translation>Datei in `keys` (PEM) mit den Zertifizierungsstellen, von denen das Zertifikat ihres DICOMweb-Servers kommen muss; leer: denen das System vertraut.</translation>
    </message>
    <message>
        <source>Code of the workitems that are claimed from its UPS-RS worklist, as VALUE^SCHEME; empty: none.</source>
        <translation>Code der Workitems, die aus ihrer UPS-RS-Arbeitsliste übernommen werden, als VALUE^SCHEME; leer: keine.</translation>
    </message>
    <message>
        <source>File in `keys` (mode 0600) with the bearer token that it presents to our STOW-RS server.</source>
        <translation>Datei in `keys` (Modus 0600) mit dem Bearer-Token, das sie unserem STOW-RS-Server vorlegt.</translation>
    </message>
    <message>
        <source>Name in the client certificate that it shows there: a DNS name, else the common name.</source>
        <translation>Name im Client-Zertifikat, das sie dort vorlegt: ein DNS-Name, sonst der Common Name.</translation>
    </message>
    <message>
        <source>Test objects that an administrator saw on its displays (`llmcxr dicom display`), by kind.</source>
        <translation>Testobjekte, die ein Administrator auf ihren Anzeigen sah (`llmcxr dicom display`), nach Art.</translation>
    </message>
    <message>
        <source>`basic`: what goes to it is de-identified by the basic profile of PS3.15 Annex E; only with role = &quot;research&quot; or &quot;test&quot;.</source>
        <translation>`basic`: Was zu ihr geht, wird nach dem Grundprofil von PS3.15 Annex E de-identifiziert; nur mit role = &quot;research&quot; oder &quot;test&quot;.</translation>
    </message>
    <message>
        <source>Options of the profile; see docs/deidentification.md.</source>
        <translation>Optionen des Profils; siehe docs/deidentification.md.</translation>
    </message>
    <message>
        <source>The research project: pseudonyms begin with it, and each project has its own.</source>
        <translation>Das Forschungsprojekt: Pseudonyme beginnen damit, und jedes Projekt hat seine eigenen.</translation>
    </message>
    <message>
        <source>With less free space than this, rules with `at_least_days` purge earlier; 0: never.</source>
        <translation>Ist weniger frei als dies, löschen Regeln mit `at_least_days` früher; 0: nie.</translation>
    </message>
</context>
</TS>
