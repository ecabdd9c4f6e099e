// Dates counted from today, which are searched as text: search/relative.go.
// What is offered instead is the absolute form for today.

import { dayOf, parseSpan } from "./date";
import { fold } from "./fold";

/** The day that a value counted from today means: today, yesterday, 3d, 2weeks, last_week, now-1year, now/day; null for none. */
export function ago(v: string, today: number): string | null {
  v = v.split("/")[0]!;
  if (v === "now" || v === "today") return dayOf(today);
  if (v === "yesterday") return dayOf(today - 86400);
  if (v.startsWith("last_")) v = "1" + v.slice(5);
  v = v.replace(/^now-/, "").replace(/[_.]/g, "").replace(/ago$/, "");
  const m = /^([0-9]+)(d|day|w|week|m|month|y|year)s?$/.exec(v);
  if (!m || Number(m[1]) > 65535) return null;
  const n = Number(m[1]);
  const t = new Date(today * 1000);
  const [y, mo, d] = [t.getUTCFullYear(), t.getUTCMonth(), t.getUTCDate()];
  const unit = m[2]![0]!;
  if (unit === "y" && y - n < 1000) return null;
  const day = unit === "y" ? Date.UTC(y - n, mo, d) : unit === "m" ? Date.UTC(y, mo - n, d) : Date.UTC(y, mo, d - n * (unit === "w" ? 7 : 1));
  return day < Date.UTC(1000) ? null : dayOf(day / 1000);
}

/** Whether a value of a date field, or an end of its range, is counted from today or names a day in words. */
export function isRelative(v: string, today: number): boolean {
  const [first, last] = ends(v.replace(/^[<>=]+/, ""));
  return [first, last ?? ""].some((end) => end !== "" && (ago(end, today) !== null || /^\p{L}/u.test(end)));
}

/** An end of a range made absolute; null where it cannot be. */
export function absolute(v: string, today: number): string | null {
  return v === "" || v === "*" || parseSpan(v) ? v : ago(v, today);
}

/** A value of a date field made absolute: yesterday, >now-1month, 2weeks..; null where it cannot be. */
export function absoluteValue(raw: string, today: number): string | null {
  const v = fold(raw);
  const rest = v.replace(/^[<>=]+/, "");
  const op = v.slice(0, v.length - rest.length);
  const [from, to] = ends(rest);
  if (to === undefined) {
    const day = ago(rest, today);
    return day === null ? null : op + day;
  }
  const [first, last] = [absolute(from, today), absolute(to, today)];
  return first === null || last === null ? null : `${op}${first}..${last}`;
}

function ends(v: string): [string, string?] {
  const i = v.indexOf("..");
  return i < 0 ? [v] : [v.slice(0, i), v.slice(i + 2)];
}
