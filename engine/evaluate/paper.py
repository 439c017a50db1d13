"""What the LLM-CXR paper measured (Tables 1 to 9, ICLR 2024), as facts to print beside our own figures.

Column totals were re-computed from the per-class columns and agree; Table 8 is given with its swapped headings
put right (AUROC and F1 against Table 4's full model). The paper's test set is credentialed MIMIC-CXR with 3,530
films, so a row stands beside ours only where the same films were used; a table says so. Nothing is measured here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

OURS = "LLM-CXR (paper)"

# Order of the 14 observations in Table 1, of the 11 classes in Table 4.
TABLE1_ORDER = (
    "Atelectasis", "Consolidation", "Pneumothorax", "Edema", "Pleural Effusion", "Pneumonia", "Cardiomegaly",
    "Lung Lesion", "Fracture", "Lung Opacity", "Enlarged Cardiomediastinum", "No Finding", "Pleural Other",
    "Support Devices",
)  # fmt: skip
TABLE4_ORDER = (
    "Atelectasis", "Consolidation", "Pneumothorax", "Edema", "Effusion", "Pneumonia", "Cardiomegaly",
    "Lung Lesion", "Fracture", "Lung Opacity", "Enlarged Cardiomediastinum",
)  # fmt: skip
AVERAGES = ("micro", "macro", "weighted")
JACCARD_COLUMNS = ("micro", "macro", "weighted", "no mention", "possible", "negative", "positive")
NLG_COLUMNS = ("BLEU-1", "BLEU-2", "BLEU-3", "BLEU-4", "METEOR", "ROUGE-L", "CIDEr")
VQA_KINDS = ("all", "presence", "location", "size/severity/type")
VQA_FINDINGS = ("all", "consolidation/pneumonia", "edema", "lesion", "no finding", "effusion", "pneumothorax")
ABLATION_COLUMNS = (
    *(f"report AUROC {name}" for name in AVERAGES),
    *(f"report F1 {name}" for name in AVERAGES),
    *(f"image AUROC {name}" for name in AVERAGES),
    *(f"image F1 {name}" for name in AVERAGES),
    "FID, Inception", "FID, CXR encoder",
)  # fmt: skip


@dataclass(frozen=True)
class PaperTable:
    """One table of the paper: `rows` maps a system to its figures in the order of `columns`."""

    number: str
    title: str
    columns: tuple[str, ...]
    rows: Mapping[str, tuple[float, ...]]

    def row(self, system: str, columns: Sequence[str]) -> list[float | None]:
        """Give one system's figures for these columns, None for what the paper doesn't print."""
        known = dict(zip(self.columns, self.rows[system], strict=True))
        return [known.get(name) for name in columns]

    def ours(self, columns: Sequence[str]) -> list[str | float | None]:
        """Give LLM-CXR's row for a table whose first column is the system's name."""
        return [f"{OURS}, Table {self.number}", *self.row("LLM-CXR", columns)]


def _rows(text: str) -> dict[str, tuple[float, ...]]:
    rows = {}
    for line in text.strip().splitlines():
        system, figures = line.split(":")
        rows[system.strip()] = tuple(float(figure) for figure in figures.split())
    return rows


REPORT_AUROC = PaperTable("1", "CXR to report, AUROC of CheXpert labels", (*TABLE1_ORDER, *AVERAGES), _rows("""
RadFM: .587 .498 .503 .633 .657 .504 .611 .516 .498 .514 .502 .666 .499 .597 .638 .556 .596
UniXGen-512: .570 .533 .519 .615 .682 .526 .645 .501 .498 .555 .510 .676 .498 .740 .668 .576 .628
IFCC: .479 .508 .486 .504 .496 .486 .545 .518 .498 .497 .463 .497 .499 .494 .543 .497 .498
R2Gen: .501 .485 .504 .500 .503 .502 .505 .510 .500 .501 .511 .494 .500 .498 .542 .501 .500
UniXGen-256: .518 .511 .530 .542 .533 .510 .524 .513 .499 .519 .511 .564 .527 .593 .575 .528 .540
XrayGPT: .551 .506 .511 .590 .595 .519 .570 .511 .499 .553 .539 .592 .490 .646 .617 .548 .577
LLM-CXR: .558 .517 .496 .619 .641 .509 .577 .506 .494 .537 .505 .677 .498 .640 .628 .555 .597
"""))  # fmt: skip

REPORT_F1 = PaperTable("1", "CXR to report, F1 of CheXpert labels", (*TABLE1_ORDER, *AVERAGES), _rows("""
RadFM: .325 .024 .018 .404 .494 .034 .387 .065 0 .177 .026 .524 0 .381 .370 .204 .341
UniXGen-512: .298 .116 .064 .374 .530 .121 .423 .014 0 .317 .049 .532 0 .586 .413 .245 .398
IFCC: .159 .083 .020 .203 .312 .006 .270 .068 0 .323 .042 .200 0 .292 .220 .141 .225
R2Gen: .168 .018 .020 .073 .129 .034 .263 .043 0 .240 .051 .289 0 .254 .201 .113 .183
UniXGen-256: .146 .072 .083 .226 .215 .072 .176 .055 0 .282 .047 .411 .092 .367 .262 .160 .243
XrayGPT: .279 .065 .049 .334 .404 .110 .347 .058 .016 .352 .076 .371 0 .470 .326 .209 .330
LLM-CXR: .272 .081 .013 .382 .464 .084 .327 .036 0 .278 .035 .535 0 .453 .360 .211 .350
"""))  # fmt: skip

REPORT_JACCARD = PaperTable("2", "CXR to report, Jaccard index of four label states", JACCARD_COLUMNS, _rows("""
RadFM: .4894 .2367 .5568 .6525 .0123 .0552 .2270
UniXGen-512: .4716 .2520 .5464 .6323 .0423 .0733 .2602
IFCC: .4141 .1935 .4877 .5835 .0027 .0643 .1237
R2Gen: .4038 .1988 .4842 .5797 .0337 .0701 .1116
UniXGen-256: .5993 .2438 .6236 .7480 .0317 .0449 .1505
XrayGPT: .4107 .2206 .4934 .5773 .0413 .0690 .1948
LLM-CXR: .6092 .2699 .6420 .7585 .0483 .0530 .2198
"""))  # fmt: skip

VQA_BY_KIND = PaperTable("3", "Questions about 48 cases, accuracy by kind of question", VQA_KINDS, _rows("""
ELIXR: .548 .645 .410 .250
XrayGPT: .252 .274 .219 .203
RadFM: .327 .345 .313 .208
LLM-CXR: .448 .413 .500 .625
"""))  # fmt: skip

VQA_BY_FINDING = PaperTable("3", "Questions about 48 cases, accuracy by finding", VQA_FINDINGS, _rows("""
XrayGPT: .252 .250 .2625 .172 .425 .200 .188
RadFM: .327 .344 .313 .406 .613 .263 .238
LLM-CXR: .448 .391 .538 .500 .713 .538 .225
"""))  # fmt: skip

IMAGE_AUROC = PaperTable("4", "Report to CXR, AUROC against the original film", (*TABLE4_ORDER, *AVERAGES), _rows("""
RoentGen: .7661 .7535 .6078 .7084 .8169 .6054 .7780 .6283 .6047 .7162 .7294 .7061 .7013 .7055
UniXGen: .7982 .7509 .6640 .7876 .7725 .7065 .7610 .7200 .7121 .7867 .7893 .7435 .7499 .7518
LLM-CXR: .8054 .8263 .7540 .8111 .8155 .7722 .7846 .7852 .7596 .8311 .8335 .7907 .7980 .7991
"""))  # fmt: skip

IMAGE_F1 = PaperTable("4", "Report to CXR, F1 against the original film", (*TABLE4_ORDER, *AVERAGES), _rows("""
RoentGen: .8113 .7286 .7110 .2954 .7619 .2501 .7639 .2677 .6580 .7781 .7066 .6578 .6121 .6298
UniXGen: .8648 .6903 .4981 .7378 .7008 .7213 .7598 .5606 .6424 .7794 .7958 .7164 .7046 .7082
LLM-CXR: .8777 .8283 .7024 .8061 .8183 .7529 .8372 .7678 .7753 .8342 .8274 .8065 .8025 .8054
"""))  # fmt: skip

REPORT_NLG = PaperTable("5", "CXR to report, likeness of words", NLG_COLUMNS, _rows("""
RadFM: .1344 .0650 .0362 .0221 .0867 .1064 .0264
UniXGen-512: .1471 .0736 .0403 .0233 .0813 .1331 .1413
IFCC: .0636 .0268 .0106 .0040 .0809 .0673 .0058
R2Gen: .0898 .0359 .0134 .0057 .0822 .0734 .0104
UniXGen-256: .1287 .0570 .0264 .0137 .0725 .0893 .0399
XrayGPT: .1002 .0417 .0178 .0075 .1038 .0907 .0139
LLM-CXR: .0920 .0459 .0260 .0154 .0690 .1618 .5248
"""))  # fmt: skip

FID = PaperTable("6", "Report to CXR, Fréchet distance", ("FID, Inception", "FID, CXR encoder"), _rows("""
UniXGen: 78.19 7.894
RoentGen: 42.38 6.039
LLM-CXR: 22.75 .7136
"""))  # fmt: skip

ABLATIONS = PaperTable("7-9", "Ablations: each row leaves one thing out", ABLATION_COLUMNS, _rows("""
full: .6285 .5553 .5969 .3604 .2113 .3504 .7907 .7980 .7991 .8065 .8025 .8054 22.75 .714
no feature loss: .6170 .5495 .5853 .3418 .1994 .3260 .7890 .7971 .7977 .8227 .8196 .8223 20.93 .931
no questions: .6143 .5492 .5846 .3378 .1945 .3173 .7841 .7871 .7876 .7505 .7433 .7465 32.55 1.539
no stage 1: .5770 .5242 .5435 .2659 .1347 .2253 .7217 .7224 .7231 .7213 .7125 .7167 32.05 1.226
joint loss: .6071 .5422 .5745 .3203 .1927 .3161 .6040 .5959 .5965 .5839 .5751 .5808 21.51 1.477
"""))  # fmt: skip

NOT_THE_SAME_FILMS = "The paper's row is of 3,530 MIMIC-CXR test films and says nothing about other films."
