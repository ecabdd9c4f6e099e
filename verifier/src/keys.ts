// An archive of DKIM keys: records as facts with their sources. Times are in
// seconds since 1970, and zeroTime where nothing is known.

import { parseRecord, type PublicKey } from "./publickey";
import { lower, trimmed, withoutSpace } from "./taglist";

/** The zero time of Go: the first second of the year 1. */
export const zeroTime = -62135596800;

/** One place where a key record was seen. */
export interface Sighting {
  where: string;
  when: number;
  dns: boolean; // an answer of DNS, not a copy kept by somebody
  recovered: boolean; // not seen anywhere: computed from signatures
}

export interface KeyFacts {
  domain: string; // byte strings, as everything here
  selector: string;
  record: string; // empty: only known to be gone
  seen: Sighting[];
  from: number; // published since, where known
  until: number; // published until, where known
  gone: number; // asked for at this time, there was none any more
  note: string;
}

/** What is known of a key for which no file says more. */
export function bareKey(domain: string, selector: string, record: string, where: string): KeyFacts {
  const seen = [{ where, when: zeroTime, dns: false, recovered: false }];
  return { domain, selector, record, seen, from: zeroTime, until: zeroTime, gone: zeroTime, note: "" };
}

export class Key {
  readonly key: PublicKey | string | undefined; // a string says why the record is no usable key

  constructor(readonly facts: KeyFacts) {
    if (facts.record !== "") this.key = parseRecord(facts.record);
  }

  /** The key, unless there is none that verifies. */
  get usable(): PublicKey | undefined {
    return typeof this.key === "object" && !this.key.revoked ? this.key : undefined;
  }

  /** Whether the record is known from signatures alone: what it fits is not valid thereby. */
  get recovered(): boolean {
    return this.facts.seen.length > 0 && this.facts.seen.every((s) => s.recovered);
  }

  /** Whether DNS itself gave this record lately. */
  current(now: number): boolean {
    return this.facts.seen.some((s) => s.dns && this.facts.gone <= s.when && now >= s.when && now - s.when <= currentFor);
  }

  /** Whether the key's known window holds t; unknown ends are open. */
  published(t: number): boolean {
    return t === zeroTime || (t >= this.facts.from && (this.facts.until === zeroTime || t <= this.facts.until));
  }

  /** Takes in what another sighting of the same record tells. */
  merge(other: Key): void {
    const f = this.facts;
    const o = other.facts;
    if (this.recovered && !other.recovered) f.note = "";
    for (const s of o.seen) if (!f.seen.some((t) => JSON.stringify(t) === JSON.stringify(s))) f.seen.push(s);
    if (o.from !== zeroTime && (f.from === zeroTime || o.from < f.from)) f.from = o.from;
    f.until = Math.max(f.until, o.until);
    f.gone = Math.max(f.gone, o.gone);
    f.note ||= o.note;
  }

  rank(at: number): number {
    if (!this.usable) return 3;
    if (this.recovered) return 2;
    return this.published(at) ? 0 : 1;
  }
}

const currentFor = 30 * 24 * 3600;

/** The name of a key in DNS (RFC 6376 section 3.6.2.1). */
export function keyName(domain: string, selector: string): string {
  return lower(selector) + "._domainkey." + lower(domain);
}

export class Keys {
  private readonly byName = new Map<string, Key[]>();

  /** Takes a key in; the same record of the same name again adds to what is known of it. */
  add(facts: KeyFacts): void {
    const key = new Key({ ...facts, domain: lower(facts.domain), selector: lower(facts.selector), record: trimmed(facts.record), seen: [...facts.seen] });
    const name = keyName(facts.domain, facts.selector);
    const list = this.byName.get(name) ?? [];
    this.byName.set(name, list);
    const known = list.find((k) => withoutSpace(k.facts.record) === withoutSpace(key.facts.record));
    if (known) known.merge(key);
    else list.push(key);
  }

  /** All that is known of a name, the keys published at that time first. */
  lookup(domain: string, selector: string, at: number): Key[] {
    const found = this.byName.get(keyName(domain, selector)) ?? [];
    return [...found].sort((a, b) => a.rank(at) - b.rank(at));
  }
}
