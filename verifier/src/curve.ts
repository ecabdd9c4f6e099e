// Ed25519 (RFC 8032) in whole numbers, for browsers without it. Nothing here is
// secret, so that it may take as long as it takes: some milliseconds.

import { hex } from "./bytes";

/** The number that bytes stand for, the first byte lowest. */
function little(b: Uint8Array): bigint {
  return BigInt("0x" + hex(Uint8Array.from(b).reverse()));
}

function mod(a: bigint, m: bigint): bigint {
  const r = a % m;
  return r < 0n ? r + m : r;
}

export function power(base: bigint, exponent: bigint, m: bigint): bigint {
  let r = 1n;
  for (let b = mod(base, m), e = exponent; e > 0n; e >>= 1n, b = (b * b) % m) if (e & 1n) r = (r * b) % m;
  return r;
}

// RFC 8032 section 5.1.
const p = 2n ** 255n - 19n;
const order = 2n ** 252n + 27742317777372353535851937790883648493n;
const d = mod(-121665n * power(121666n, p - 2n, p), p);

/** A point in extended coordinates (section 5.1.4): x = X/Z, y = Y/Z, xy = T/Z. */
type Point = [x: bigint, y: bigint, z: bigint, t: bigint];

function sum([x1, y1, z1, t1]: Point, [x2, y2, z2, t2]: Point): Point {
  const a = mod((y1 - x1) * (y2 - x2), p);
  const b = mod((y1 + x1) * (y2 + x2), p);
  const c = mod(2n * t1 * d * t2, p);
  const e = mod(2n * z1 * z2, p);
  return [mod((b - a) * (e - c), p), mod((e + c) * (b + a), p), mod((e - c) * (e + c), p), mod((b - a) * (b + a), p)];
}

function times(n: bigint, point: Point): Point {
  let r: Point = [0n, 1n, 1n, 0n];
  for (let q = point; n > 0n; n >>= 1n, q = sum(q, q)) if (n & 1n) r = sum(r, q);
  return r;
}

/** Section 5.1.3; undefined for what is no point. */
function pointOf(b: Uint8Array): Point | undefined {
  const all = little(b);
  const y = mod(all & (2n ** 255n - 1n), p);
  const u = y * y - 1n;
  const v = d * y * y + 1n;
  let x = mod(u * power(v, 3n, p) * power(u * power(v, 7n, p), (p - 5n) / 8n, p), p);
  if (mod(v * x * x + u, p) === 0n) x = mod(x * power(2n, (p - 1n) / 4n, p), p);
  if (mod(v * x * x - u, p) !== 0n) return undefined;
  if ((x & 1n) !== all >> 255n) x = mod(-x, p);
  return [x, y, 1n, mod(x * y, p)];
}

const base = pointOf(Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 0x58 : 0x66)))!;

/** Section 5.1.7, without a cofactor, as Go has it: the point R is compared as it is encoded. */
export function verifyByNumbers(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const a = key.length === 32 ? pointOf(key) : undefined;
  if (!a || signature.length !== 64) return false;
  const s = little(signature.subarray(32));
  if (s >= order) return false;
  const k = little(sha512(signature.subarray(0, 32), key, message)) % order;
  const [x, y, z] = sum(times(s, base), times(order - k, a));
  const inverse = power(z, p - 2n, p);
  const encoded = mod(y * inverse, p) | ((mod(x * inverse, p) & 1n) << 255n);
  return encoded === little(signature.subarray(0, 32));
}

const mask = 2n ** 64n - 1n;

/** The whole part of the k-th root of n. */
function root(n: bigint, k: bigint): bigint {
  let low = 0n;
  let high = 1n << (BigInt(n.toString(2).length) / k + 1n);
  while (high - low > 1n) {
    const middle = (low + high) >> 1n;
    if (middle ** k <= n) low = middle;
    else high = middle;
  }
  return low;
}

const primes = Array.from({ length: 410 }, (_, i) => i).filter((n) => n > 1 && !Array.from({ length: 19 }, (_, i) => i + 2).some((q) => q < n && n % q === 0));

// FIPS 180-4 sections 4.2.3 and 5.3.5: fractions of the roots of primes.
const rounds = primes.slice(0, 80).map((n) => root(BigInt(n) << 192n, 3n) & mask);
const start = primes.slice(0, 8).map((n) => root(BigInt(n) << 128n, 2n) & mask);

function turned(x: bigint, n: bigint): bigint {
  return (x >> n) | ((x << (64n - n)) & mask);
}

/** FIPS 180-4 section 6.4, for short messages. */
function sha512(...parts: Uint8Array[]): Uint8Array {
  const message = parts.flatMap((part) => [...part]);
  const bits = 8 * message.length;
  message.push(0x80);
  while (message.length % 128 !== 112) message.push(0);
  message.push(...new Array<number>(12).fill(0), ...[24, 16, 8, 0].map((shift) => (bits >>> shift) & 0xff));
  let state = start;
  for (let at = 0; at < message.length; at += 128) state = mixed(state, message.slice(at, at + 128));
  return Uint8Array.from(state.flatMap((word) => Array.from({ length: 8 }, (_, i) => Number((word >> BigInt(56 - 8 * i)) & 255n))));
}

function mixed(state: bigint[], block: number[]): bigint[] {
  const w: bigint[] = [];
  for (let i = 0; i < 80; i++) {
    if (i < 16) {
      w.push(BigInt("0x" + hex(Uint8Array.from(block.slice(8 * i, 8 * i + 8)))));
      continue;
    }
    const x = w[i - 15]!;
    const y = w[i - 2]!;
    w.push((w[i - 16]! + (turned(x, 1n) ^ turned(x, 8n) ^ (x >> 7n)) + w[i - 7]! + (turned(y, 19n) ^ turned(y, 61n) ^ (y >> 6n))) & mask);
  }
  let [a, b, c, e, f, g, h, j] = state as [bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint];
  for (let i = 0; i < 80; i++) {
    const t = j + (turned(f, 14n) ^ turned(f, 18n) ^ turned(f, 41n)) + ((f & g) ^ (~f & mask & h)) + rounds[i]! + w[i]!;
    const u = (turned(a, 28n) ^ turned(a, 34n) ^ turned(a, 39n)) + ((a & b) ^ (a & c) ^ (b & c));
    [a, b, c, e, f, g, h, j] = [(t + u) & mask, a, b, c, (e + t) & mask, f, g, h];
  }
  return [a, b, c, e, f, g, h, j].map((x, i) => (x + state[i]!) & mask);
}
