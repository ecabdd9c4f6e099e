// SHA-1 (FIPS 180-4), which signatures of the time were made with. It decides
// nothing alone: who relies on it is told that it is weak.

const blockSize = 64;

// FIPS 180-4 section 4.2.1.
const K = [0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6];

/** The digest of data: 20 bytes. */
export function sha1(data: Uint8Array): Uint8Array {
  const state = new Int32Array([0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0]);
  const whole = data.length - (data.length % blockSize);
  for (let at = 0; at < whole; at += blockSize) compress(state, data, at);
  const rest = data.subarray(whole);
  const last = new Uint8Array(rest.length < blockSize - 8 ? blockSize : 2 * blockSize); // section 5.1.1
  last.set(rest);
  last[rest.length] = 0x80;
  const tail = new DataView(last.buffer, last.length - 8);
  tail.setUint32(0, Math.floor(data.length / 0x20000000));
  tail.setUint32(4, data.length << 3);
  for (let at = 0; at < last.length; at += blockSize) compress(state, last, at);
  const out = new DataView(new ArrayBuffer(20));
  state.forEach((word, i) => out.setInt32(4 * i, word));
  return new Uint8Array(out.buffer);
}

const schedule = new Int32Array(80);

function rotated(x: number, n: number): number {
  return (x << n) | (x >>> (32 - n));
}

/** FIPS 180-4 section 6.1.2. */
function compress(state: Int32Array, from: Uint8Array, at: number): void {
  const w = schedule;
  for (let i = 0; i < 16; i++, at += 4) w[i] = (from[at]! << 24) | (from[at + 1]! << 16) | (from[at + 2]! << 8) | from[at + 3]!;
  for (let i = 16; i < 80; i++) w[i] = rotated(w[i - 3]! ^ w[i - 8]! ^ w[i - 14]! ^ w[i - 16]!, 1);
  let [a, b, c, d, e] = state as unknown as [number, number, number, number, number];
  for (let i = 0; i < 80; i++) {
    const f = i < 20 ? (b & c) ^ (~b & d) : i >= 40 && i < 60 ? (b & c) ^ (b & d) ^ (c & d) : b ^ c ^ d;
    const t = (rotated(a, 5) + f + e + K[Math.floor(i / 20)]! + w[i]!) | 0;
    e = d;
    d = c;
    c = rotated(b, 30);
    b = a;
    a = t;
  }
  [a, b, c, d, e].forEach((x, i) => (state[i]! += x));
}
