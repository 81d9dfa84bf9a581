"""Draws figures as SVG: groups of bars, and curves over logarithmic axes. No library."""

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

WIDTH: Final = 760
_COLOURS: Final = ("#1b6ca8", "#5aa9e6", "#9ccaf0", "#d1495b", "#edae49", "#8f6bb3", "#66a182", "#8d8d8d")
_FONT: Final = 'font-family="system-ui, sans-serif" font-size="12" fill="#333"'


def bars(title: str, unit: str, groups: Mapping[str, Mapping[str, float]]) -> str:
    """A horizontal bar for each name in each group; all groups share one scale."""
    names = sorted({name for group in groups.values() for name in group}, key=str.swapcase)  # ours, in small letters
    most = max(value for group in groups.values() for value in group.values())
    left, room = 290, WIDTH - 290 - 70
    parts, y = [_text(10, 22, title, size=15)], 44
    for heading, group in groups.items():
        parts.append(_text(10, y + 12, heading, weight="bold"))
        y += 22
        for name, value in group.items():
            colour, length = _COLOURS[names.index(name) % len(_COLOURS)], max(1.0, value / most * room)
            parts.append(_text(left - 8, y + 12, name, anchor="end"))
            parts.append(f'<rect x="{left}" y="{y + 1}" width="{length:.1f}" height="14" fill="{colour}"/>')
            parts.append(_text(left + length + 6, y + 12, f"{value:.3g} {unit}"))
            y += 18
        y += 12
    return _svg(y, parts)


def curves(title: str, x_name: str, y_name: str, lines: Mapping[str, Sequence[tuple[float, float]]]) -> str:
    """A line for each name through its points, both axes logarithmic; all values above 0."""
    points = [point for line in lines.values() for point in line]
    xs, ys = (_Scale([point[axis] for point in points]) for axis in (0, 1))
    left, top, width, height = 70, 62, WIDTH - 70 - 30, 260
    parts = [_text(10, 22, title, size=15), _text(left + width / 2, top + height + 36, x_name, anchor="middle")]
    parts.append(_text(left - 50, top - 14, y_name))
    for tick in xs.ticks():
        x = left + xs.place(tick) * width
        parts.append(f'<line x1="{x:.1f}" y1="{top}" x2="{x:.1f}" y2="{top + height}" stroke="#e5e5e5"/>')
        parts.append(_text(x, top + height + 17, f"{tick:g}", anchor="middle"))
    for tick in ys.ticks():
        y = top + (1 - ys.place(tick)) * height
        parts.append(f'<line x1="{left}" y1="{y:.1f}" x2="{left + width}" y2="{y:.1f}" stroke="#e5e5e5"/>')
        parts.append(_text(left - 6, y + 4, f"{tick:g}", anchor="end"))
    for position, (name, line) in enumerate(lines.items()):
        colour = _COLOURS[position * 3 % len(_COLOURS)]
        places = [(left + xs.place(x) * width, top + (1 - ys.place(y)) * height) for x, y in line]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]
        y = top + height + 66 + position * 18
        parts.append(f'<rect x="{left}" y="{y - 9}" width="10" height="10" fill="{colour}"/>')
        parts.append(_text(left + 16, y, name))
    return _svg(top + height + 60 + 18 * len(lines), parts)


class _Scale:
    """From the power of ten below the least value to the one above the most."""

    def __init__(self, values: Sequence[float]) -> None:
        self._least = math.floor(math.log10(min(values)) + 1e-9)
        self._most = max(math.ceil(math.log10(max(values)) - 1e-9), self._least + 1)

    def place(self, value: float) -> float:
        """From 0 to 1."""
        return (math.log10(value) - self._least) / (self._most - self._least)

    def ticks(self) -> list[float]:
        """The powers of ten."""
        return [10.0**power for power in range(self._least, self._most + 1)]


def _text(x: float, y: float, text: str, *, size: int = 12, anchor: str = "start", weight: str = "normal") -> str:
    style = f'font-size="{size}" text-anchor="{anchor}" font-weight="{weight}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" {style}>{escape(text)}</text>'


def _svg(height: float, parts: Sequence[str]) -> str:
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" width="{WIDTH}" {_FONT}>\n'
        f'<rect width="100%" height="100%" fill="#fff"/>\n{body}\n</svg>\n'
    )
