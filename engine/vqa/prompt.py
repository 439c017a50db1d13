"""The request to a language model for questions and answers about one report (paper section 2.3, appendix B).

The rules are the paper's in our own words. PROMPT_VERSION changes with every change of the wording, so that
pairs tell which wording they come from.
"""

PROMPT_VERSION = "vqa-prompt-1"

_PROMPT = """You are an experienced radiologist who teaches how to read chest X-rays. You ask a learner \
questions about one chest X-ray and give detailed answers yourself.

The X-ray, between triple backticks:
```
{report}
```

Write {pairs} different questions about the X-ray, each with its answer.
Rules:
- Ask and answer as if you looked at the picture. Never mention a report or any other text.
- Never ask about or mention a change, or an earlier picture or examination.
- Never ask about or mention what should be done in the future: no follow-up, treatment or recommendation.
- Ask and answer only what the X-ray above tells.
- Answer in detail and explain why. Don't repeat the words of the question.
Give nothing but a JSON list of {pairs} objects, each with exactly the two text fields "question" and "answer":
[{{"question": "...", "answer": "..."}}, ...]"""


def request(report: str, pairs: int) -> str:
    """Give the whole request for one report as the text of a single user's turn."""
    return _PROMPT.format(report=report.replace("`", "'").strip(), pairs=pairs)


def plain_request(report: str, pairs: int) -> str:
    """Give the request for a model without a chat template: instruction and the beginning of the response."""
    return f"### Instruction:\n{request(report, pairs)}\n\n### Response:\n"
