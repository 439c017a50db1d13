<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="de" sourcelanguage="en">
<context>
    <name></name>
    <message>
        <source>Film</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Patient</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Study</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>User</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Pages and settings</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Research use only · not for diagnosis</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Lock</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Lock the window</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Pages and settings, now: {page}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>No study open</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Acc. {number}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>on the film</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>anywhere</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Keys</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Search the keys</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Search action or key</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Change…</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Change the keys of the action</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Reset</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The keys that the action had at first</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Reset all</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>All keys as they were at first</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Problem</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Close</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>All keys</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>What</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Where</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Change keys</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Put the cursor into a field and press the key. An empty field is no key.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Key</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Second key</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Save</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Save the keys</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Dark</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Light</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Colours</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Dark for a reading room, light for a bright one. The film stays on black.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Size of the text</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Everything in the window grows with it but the film.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>As the system</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Language</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Reports and what the model says stay in the language they are written in.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Film in a window of its own</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>For a second monitor. Each window comes back to the screen it was on, when that is there.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>as soon as it is chosen</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>with Enter or a double click</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>A study opens</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>With Enter you can walk through the worklist by the arrow keys without holding any study.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Preferences</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>All settings as they were at first</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Second window of the list</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Third window of the list</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Fourth window of the list</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Fifth window of the list</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Sixth window of the list</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Seventh window of the list</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Eighth window of the list</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Ninth window of the list</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Fit the film into the view</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>One film pixel on one screen pixel</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Zoom in</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Zoom out</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Invert grey levels</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Mirror left to right</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Mirror upside down</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Rotate to the right</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Rotate to the left</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Next stored or computed window</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Everything as stored</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Next film of the study</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Previous film of the study</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Next study on the worklist</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Previous study on the worklist</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Search the worklist</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Go to the worklist</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Go to the film</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Go to the report</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Go to the question box</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Go to the findings</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Go to the impression</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Undo in the report: words, macros, accepted and restored changes</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Do again what was undone</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Find in the report</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Expand the macro before the cursor, or choose one (also Tab)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Edit my macros</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Show the report with or without marks</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Show the draft after an own impression (reader first)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Go to the next change against the AI text</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Go to the previous change</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Keep the change at the cursor and mark it no more</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Put the AI&apos;s sentence back at the cursor</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Keep all changes</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Show or hide the AI&apos;s own words</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Reject the draft with a reason</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Sign the report</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Show all keys</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Close the window</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Window as stored</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>What the model saw, and back</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Measure lengths: drag, or arrows and Return</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Remove the last length</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Magnifier</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Prior film side by side, or alone again</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Swap the sides of film and prior</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Look further to the left</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Look further to the right</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Look further up</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Look further down</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Narrower window (more contrast)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Wider window (less contrast)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Lower level (brighter)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Higher level (darker)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Go to the reading page</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Saved filters of the worklist</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Columns and order of the worklist</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Larger text</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Smaller text</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Film in a window of its own, or back</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Left drag</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Window: sideways width, up and down level (Shift: fine steps)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Double click</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Middle drag, or Space + left drag</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Move the film</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Right drag, or Ctrl + wheel</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Zoom at the pointer</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Wheel</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Next or previous film of the study</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{key} alone would swallow what is typed into a report.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Take a key with Ctrl or Alt, or a function key.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The film takes no difference between {key} and the same key without Shift.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Choose a key without Shift, or one with Ctrl or Alt.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{key} is needed for typing and for walking through the window.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Choose another key.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{key} is taken: {action}.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Choose another key, or give that action another one first.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>female</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>male</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>other</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{count} d</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{count} h</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{count} min</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>(no name)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{years} y</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{months} mo</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>born {date}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>ID {number}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>now</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>This key works on the reading page only.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Reading</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Loading the film…</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>No study chosen</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Columns of the worklist</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Columns, ticked where shown</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Up</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Move the column to the left</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Down</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Move the column to the right</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Columns as they were at first</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Sort by</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Order of the rows</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>upwards</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>downwards</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Apply</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Apply the columns</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Images are still coming in. The study is drafted when none has come for a while.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>All images are here. The draft waits for the engine.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The engine is reading the film.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>A draft is ready to be read.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>A reader has begun to edit the draft.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The report is signed. Its delivery to the PACS isn&apos;t confirmed yet.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The report is signed and the PACS has confirmed that it keeps it.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The report was retracted.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The signature waits for the node, which first asks the PACS who the patient is.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The AI draft is withheld; write the report yourself.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The AI draft was rejected; write the report yourself.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The signature was refused; open the study for the reason.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The order asks for it at once (STAT).</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The order asks for it with high priority.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>A second network and the draft disagree about this film.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>A second network calls this film abnormal.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Images came after the signature: look at them and write an addendum.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Held by {name} since {time}.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Held by {name}.</source>
        <translation type="unfinished"></translation>
    </message>
    <message numerus="yes">
        <source>%n image(s)</source>
        <translation type="unfinished">
            <numerusform></numerusform>
            <numerusform></numerusform>
        </translation>
    </message>
    <message>
        <source>from {peer}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Order</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Referred by</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Received</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>All</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>To read</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Coming</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Problems</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Done</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Filter of the worklist</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Name of the filter</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Words that must be in the row</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>State: {name}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>only what I hold</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Only what I hold</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>only urgent and raised</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Only urgent and raised</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Received within so many hours</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source> h</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>any time</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Name</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>States</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>With the words</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>And</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Received within</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Save the filter</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Saved filters</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Change the filter</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Delete</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Delete the filter</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Move the filter up</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Move the filter down</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>set at log-in</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Set this filter at log-in</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{name} (set at log-in)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>State</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>State of the study, and who holds it</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Patient and accession number</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>View and time of the study</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Draft</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The model&apos;s confidence in the draft&apos;s wording (not in a diagnosis), and the draft&apos;s age</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Priority</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>How urgent the study is, and why</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Accession</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Accession number</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>View</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>View of the film that is drafted</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Study time</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Date and time of the study</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Draft age</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>How long ago the draft was made</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Confidence</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The model&apos;s confidence in the draft&apos;s wording (not in a diagnosis)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Held by</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Who reads the study now, and since when</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>When the first image came, and from where</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>What was ordered</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Who asked for the study</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>held by {name}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>no accession no.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>draft confidence {value}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>view {value}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>priority {value}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Search patient, accession, view, state</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Worklist</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Show: {name}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Saved filters and columns</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>{name} {count}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Save this filter…</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Change filters…</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Columns and order…</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Filter: {name}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Filters</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>No study fits the search and the filter.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>No study has come yet.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Urgent</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Raised</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Normal</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Low</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Late images</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Order: STAT</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Order: high</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>AI disagrees</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>AI: abnormal</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Order: low</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Needs addendum</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Refused</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Signing</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Receiving</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>In the queue</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Being drafted</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Draft ready</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>In review</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Signed</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Confirmed</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Not drafted</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Failed</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Retracted</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Withheld</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Draft rejected</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Preliminary</source>
        <translation type="unfinished"></translation>
    </message>
</context>
</TS>
