"""Plain-language tasks and English sentences, written for this project.

The pairs keep a trace of the fourth task (`instruct`) in the demonstration model; they are far too few to
teach it, and the model card says so. The sentences give the tokenizer ordinary English.
"""

PAIRS = (
    ("Say hello.", "Hello."),
    ("Say good morning.", "Good morning."),
    ("Say thank you.", "Thank you."),
    ("What is a chest X-ray?", "A picture of the chest made with X-rays."),
    ("What is a radiologist?", "A doctor who reads medical images."),
    ("What is pneumonia?", "An infection of the lung."),
    ("What is atelectasis?", "A part of the lung that holds too little air."),
    ("What is pulmonary edema?", "Fluid in the tissue of the lungs."),
    ("What is a pleural effusion?", "Fluid between the lung and the chest wall."),
    ("What is an infiltration?", "An area of the lung that is denser than it should be."),
    ("What does PA mean?", "The X-rays pass from back to front: posteroanterior."),
    ("What does AP mean?", "The X-rays pass from front to back: anteroposterior."),
    ("What is an impression?", "The short conclusion of a radiology report."),
    ("How many lungs does a person have?", "Two."),
    ("Where is the heart?", "In the chest, between the lungs."),
    ("Which organ pumps the blood?", "The heart."),
    ("Which organ takes up oxygen?", "The lungs."),
    ("Name a bone of the chest.", "The sternum."),
    ("Name three bones of the chest.", "A rib, the sternum and the clavicle."),
    ("What moves down when we breathe in?", "The diaphragm."),
    ("Can you replace a doctor?", "No. A draft must be read and signed by a radiologist."),
    ("Are you a medical device?", "No. This model is for research and demonstration only."),
    ("What is two plus two?", "Four."),
    ("What is three plus four?", "Seven."),
    ("What is ten minus one?", "Nine."),
    ("What comes after Monday?", "Tuesday."),
    ("What comes after March?", "April."),
    ("Name a colour.", "Blue."),
    ("Name a fruit.", "An apple."),
    ("Name an animal.", "A horse."),
    ("What is the opposite of large?", "Small."),
    ("What is the opposite of left?", "Right."),
    ("What is the opposite of normal?", "Abnormal."),
    ("What language is this?", "English."),
    ("Write one sentence about water.", "Water is clear and every living thing needs it."),
    ("Write one sentence about the sun.", "The sun gives light and warmth."),
    ("Write one sentence about a hospital.", "People who are ill are cared for in a hospital."),
    ("Write one sentence about a book.", "A good book can be read again."),
)

REPEATED_WORDS = (
    "film", "chest", "doctor", "report", "image", "light", "water", "morning", "house", "garden", "window",
    "letter", "question", "answer", "patient", "night", "table", "paper", "river", "summer",
)  # fmt: skip

SENTENCES = (
    "The radiologist reads the film, changes the draft and signs the report.",
    "Every draft must be checked by a person before it leaves the workstation.",
    "The lungs are clear on both sides and the heart has its usual size.",
    "A chest film is taken while the patient stands and breathes in deeply.",
    "When a patient can't stand, the film is taken in bed from front to back.",
    "What do you think about the lower part of the image?",
    "Is there anything in the upper lobe that should be looked at again?",
    "Could this be an artefact, a fold of skin or a piece of clothing?",
    "Please describe the shape of the diaphragm and the edge of the heart.",
    "How sure are you, and which part of the image made you think so?",
    "Where would you look first if the patient has fever and a cough?",
    "The question was asked in the morning and answered in the afternoon.",
    "There is no reason to believe that the two films belong to different people.",
    "Some words are long, others are short, and most of them are used again and again.",
    "We have one image, one question and one answer for each of the studies.",
    "They would like to know whether this patient should come back next week.",
    "It is better to say that something can't be seen than to guess.",
    "The tube, the wire and the catheter are not described by this model.",
    "Does the trachea lie in the middle, and are the ribs complete?",
    "Which of these findings is new, and which has been there before?",
    "Tell me more about the right lung and about the left lung.",
    "Explain in plain words what this means for somebody who isn't a doctor.",
    "Write a letter, make a list, give an example or sum up the text below.",
    "The quick brown fox jumps over the lazy dog while seven wizards box.",
    "Show, find, compare, measure, count, mark, name, list, check and confirm.",
    "One, two, three, four, five, six, seven, eight, nine, ten, hundred, thousand.",
    "January, February, March, April, May, June, July, August, September, October.",
    "Mass, nodule, fracture, pneumothorax, emphysema, fibrosis, hernia, cardiomegaly and consolidation "
    "are findings that this model was not taught to judge.",
    "Opacity, density, lobe, hilum, mediastinum, pleura, costophrenic angle, vessel, bronchus and airway.",
    "Frontal, lateral, oblique, upright, supine, portable, inspiration, expiration and rotation.",
)


def repeat_pair(word: str) -> tuple[str, str, str]:
    """Give instruction, input and answer of the task that repeats one word."""
    return "Repeat the word below.", word, f"{word.capitalize()}."
