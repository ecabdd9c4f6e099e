// Days, months and years as queries write them: search/date.go. All in UTC.

/** The time that a day, month or year covers: [from, to), in seconds since 1970. */
export type Span = { from: number; to: number };

/** The years that a query may name. */
const [minYear, maxYear] = [1000, 9998];

/** Reads 2015, 2015-03, 2015-03-12 with - or /, and 20150312. */
export function parseSpan(s: string): Span | null {
  if (/^[0-9]{8}$/.test(s)) s = `${s.slice(0, 4)}-${s.slice(4, 6)}-${s.slice(6)}`;
  const parts = s.replaceAll("/", "-").split("-");
  if (parts.length > 3 || parts[0]!.length !== 4) return null;
  const v = [0, 1, 1];
  for (const [i, part] of parts.entries()) {
    if (!/^[0-9]+$/.test(part) || Number(part) === 0 || (i > 0 && part.length > 2)) return null;
    v[i] = Number(part);
  }
  const [y, m, d] = v as [number, number, number];
  const from = Date.UTC(y, m - 1, d);
  const t = new Date(from);
  if (y < minYear || y > maxYear || t.getUTCMonth() !== m - 1 || t.getUTCDate() !== d) return null;
  const to = parts.length === 1 ? Date.UTC(y + 1, 0, 1) : parts.length === 2 ? Date.UTC(y, m, 1) : Date.UTC(y, m - 1, d + 1);
  return { from: from / 1000, to: to / 1000 };
}

/** A day as 2015-03-12. */
export function dayOf(seconds: number): string {
  const t = new Date(seconds * 1000);
  const two = (n: number) => String(n).padStart(2, "0");
  return `${String(t.getUTCFullYear()).padStart(4, "0")}-${two(t.getUTCMonth() + 1)}-${two(t.getUTCDate())}`;
}

export function yearOf(seconds: number): number {
  return new Date(seconds * 1000).getUTCFullYear();
}

/** Whether a date begins later than any that a query may name. */
export function tooLate(seconds: number | null): boolean {
  return seconds !== null && yearOf(seconds) > maxYear;
}
