"""Values of the store as people read them: names, dates, ages. No widgets, no patient data kept."""

from __future__ import annotations

from datetime import UTC, date, datetime

from PySide6.QtCore import QLocale

from llmcxr_ws.domain import Identity, StudyRow
from ui.language import mark, spoken, tr

_SEX = {"F": mark("female"), "M": mark("male"), "O": mark("other")}
_AGO = ((mark("{count} d"), 86400), (mark("{count} h"), 3600), (mark("{count} min"), 60))


def person_name(name: str) -> str:
    """Return a PN value (PS3.5 6.2.1) as "Family, Given Middle"; ideographic forms follow in brackets."""
    groups = [group for group in name.split("=") if group.strip("^ ")]
    shown = []
    for group in groups:
        parts = [part.strip() for part in group.split("^")] + [""] * 5
        family, given = parts[0], " ".join(part for part in (parts[1], parts[2]) if part)
        prefix = f"{parts[3]} " if parts[3] else ""
        shown.append(prefix + ", ".join(part for part in (family, given) if part))
    if not shown:
        return tr("(no name)")
    return shown[0] if len(shown) == 1 else f"{shown[0]} ({', '.join(shown[1:])})"


def dicom_date(value: str) -> str:
    """Return a DA value as ISO date; anything else as it stands."""
    day = parse_date(value)
    return day.isoformat() if day else value


def parse_date(value: str) -> date | None:
    """Return a DA value as a date, or None where it isn't one."""
    digits = value.replace(".", "").strip()
    try:
        return datetime.strptime(digits, "%Y%m%d").date() if len(digits) == 8 else None
    except ValueError:
        return None


def dicom_time(value: str) -> str:
    """Return a TM value as hours and minutes; empty where there is none."""
    digits = value.strip()
    return f"{digits[:2]}:{digits[2:4]}" if len(digits) >= 4 and digits[:4].isdigit() else ""


def study_moment(row: StudyRow) -> str:
    """Return date and time of a study."""
    return " ".join(part for part in (dicom_date(row.study_date), dicom_time(row.study_time)) if part)


def age_at(birth_date: str, study_date: str) -> str:
    """Return the age in years at the study, or in months below two years; empty where it isn't known."""
    born, seen = parse_date(birth_date), parse_date(study_date)
    if born is None or seen is None or seen < born:
        return ""
    months = (seen.year - born.year) * 12 + seen.month - born.month - (seen.day < born.day)
    return tr("{years} y", years=months // 12) if months >= 24 else tr("{months} mo", months=months)


def sex_word(value: str) -> str:
    """Return PatientSex (0010,0040) in words; empty where it isn't known."""
    return tr(_SEX.get(value.strip().upper(), ""))


def patient_line(identity: Identity, study_date: str) -> str:
    """Return sex, age, birth date and ID of a patient, as far as they are known."""
    born = dicom_date(identity.patient_birth_date)
    parts = (
        sex_word(identity.patient_sex),
        age_at(identity.patient_birth_date, study_date),
        tr("born {date}", date=born) if born else "",
        tr("ID {number}", number=identity.patient_id) if identity.patient_id else "",
    )
    return " · ".join(part for part in parts if part)


def since(moment: datetime, now: datetime | None = None) -> str:
    """Return how long ago something was, in the coarsest unit that still says something."""
    seconds = ((now or datetime.now(UTC)) - moment).total_seconds()
    for words, size in _AGO:
        if seconds >= size:
            return tr(words, count=int(seconds // size))
    return tr("now")


def duration(seconds: float) -> str:
    """Return how long something lasts or has lasted, in the coarsest unit that still says something."""
    days, hours, minutes = int(seconds // 86_400), int(seconds // 3600), int(seconds // 60)
    if days:
        return tr("%n day(s)", "", days)
    return f"{hours} h" if hours else f"{minutes} min" if minutes else f"{max(seconds, 0):.0f} s"


def clock(moment: datetime) -> str:
    """Return a moment as local time of day, with the date when it isn't today."""
    local = moment.astimezone()
    is_today = local.date() == datetime.now().astimezone().date()
    return local.strftime("%H:%M") if is_today else local.strftime("%Y-%m-%d %H:%M")


def grouped(count: int) -> str:
    """Return a count with its thousands set apart as the window's language does."""
    return QLocale(spoken() or "en").toString(count)


def percent(value: float | None) -> str:
    """Return a share as whole percent; a dash where there is none."""
    return "–" if value is None else f"{value * 100:.0f} %"


def decimal(value: float, places: int) -> str:
    """Return a number with so many decimal places, with the decimal sign of the window's language."""
    locale = QLocale(spoken() or "en")
    locale.setNumberOptions(QLocale.NumberOption.OmitGroupSeparator)
    return locale.toString(float(value), "f", places)
