// Key records of RFC 6376 section 3.6.1, and what is signed with their keys.

import { hex } from "./bytes";
import { power } from "./curve";
import { verifyEd25519 } from "./ed25519";
import { sha1 } from "./sha1";
import { sha256 } from "./sha256";
import { colonList, looseBase64, parseTags } from "./taglist";

type Bytes = Uint8Array<ArrayBuffer>;

/** A value of a= (RFC 6376 section 3.3, RFC 8463 section 3). */
export interface Algorithm {
  kind: string; // as in k= of key records
  hashName: "sha1" | "sha256"; // as in h= of them
  digestInfo: string; // in hex: the DER before an RSA signature's digest, RFC 8017 section 9.2 note 1
}

export const algorithms = new Map<string, Algorithm>([
  ["rsa-sha1", { kind: "rsa", hashName: "sha1", digestInfo: "3021300906052b0e03021a05000414" }],
  ["rsa-sha256", { kind: "rsa", hashName: "sha256", digestInfo: "3031300d060960864801650304020105000420" }],
  ["ed25519-sha256", { kind: "ed25519", hashName: "sha256", digestInfo: "" }],
]);

export function hashed(alg: Algorithm, data: Uint8Array): Uint8Array {
  return alg.hashName === "sha1" ? sha1(data) : sha256(data);
}

export interface PublicKey {
  kind: string; // k=: "rsa" or "ed25519"
  hashes: string[]; // h=: acceptable hashes; empty means all
  testing: boolean; // t=y
  strict: boolean; // t=s: i= may not be a subdomain of d=
  revoked: boolean; // p= is empty
  rsa?: RSAKey;
  ed?: Bytes;
}

interface RSAKey {
  modulus: bigint;
  exponent: bigint;
  bits: number;
}

const minModulus = 384;
const maxModulus = 8192;

/** Reads the text of a key record; a string says why it is no usable key. */
export function parseRecord(record: string): PublicKey | string {
  const tags = parseTags(record);
  const version = tags.find("v");
  const service = colonList(tags.get("s"));
  if (!tags.ok) return "the record is not a tag list";
  if (version && (version.value !== "DKIM1" || tags.list[0] !== version)) return "the record is not of version DKIM1";
  if (!tags.find("p")) return "the record has no p=";
  if (service.length > 0 && !service.includes("*") && !service.includes("email")) return "the record is not for mail (s=)";
  const flags = colonList(tags.get("t"));
  const key = { kind: tags.get("k") || "rsa", hashes: colonList(tags.get("h")), testing: flags.includes("y"), strict: flags.includes("s"), revoked: false };
  return withKey(key, tags.get("p"));
}

function withKey(key: PublicKey, p: string): PublicKey | string {
  if (p === "") return { ...key, revoked: true };
  const der = looseBase64(p);
  if (!der) return "p= is not base64";
  if (key.kind === "rsa") {
    const rsa = parseRSA(der);
    return typeof rsa === "string" ? rsa : { ...key, rsa };
  }
  if (key.kind !== "ed25519") return `key type ${key.kind} is unknown`;
  return der.length === 32 ? { ...key, ed: der } : "p= is not a key of 32 bytes (RFC 8463 section 4)";
}

const tagInteger = 0x02;
const tagBits = 0x03;
const tagOID = 0x06;
const tagSequence = 0x30;

interface Element {
  tag: number;
  content: Uint8Array;
  rest: Uint8Array;
}

/** Reads one element of DER (X.690), whose length has the shortest form; any tag if none is wanted. */
function element(der: Uint8Array, tag?: number): Element | undefined {
  const found = der[0];
  let length = der[1];
  let at = 2;
  if (found === undefined || length === undefined || (found & 0x1f) === 0x1f || (tag !== undefined && found !== tag)) return undefined;
  if (length >= 0x80) {
    at += length - 0x80;
    const digits = der.subarray(2, at);
    length = digits.reduce((n, c) => 256 * n + c, 0);
    if (digits.length < 1 || digits.length > 4 || digits[0] === 0 || length < 0x80) return undefined;
  }
  const end = at + length;
  return end > der.length ? undefined : { tag: found, content: der.subarray(at, end), rest: der.subarray(end) };
}

/** A whole number in its shortest form; one below zero counts as zero. */
function integer(e: Element | undefined): bigint | undefined {
  if (!e || e.content.length === 0) return undefined;
  if (e.content[0]! > 0x7f) return 0n;
  if (e.content[0] === 0 && e.content.length > 1 && e.content[1]! < 0x80) return undefined;
  return BigInt("0x" + hex(e.content));
}

/** What a SubjectPublicKeyInfo holds; undefined if der is none. */
function wrappedKey(der: Uint8Array): Uint8Array | undefined {
  const info = element(der, tagSequence);
  const algorithm = info && element(info.content, tagSequence);
  const oid = algorithm && element(algorithm.content, tagOID);
  const bits = algorithm && element(algorithm.rest, tagBits);
  if (!oid || oid.content.length === 0 || oid.content[oid.content.length - 1]! > 0x7f || !bits) return undefined;
  if (oid.rest.length > 0 && !element(oid.rest)) return undefined;
  return bits.content[0] === 0 ? bits.content.subarray(1) : undefined;
}

/** Accepts SubjectPublicKeyInfo, which everybody publishes, and the bare RSAPublicKey that RFC 6376 section 3.6.1 asks for. */
function parseRSA(der: Uint8Array): RSAKey | string {
  const whole = element(wrappedKey(der) ?? der, tagSequence);
  const n = whole && element(whole.content, tagInteger);
  const modulus = integer(n);
  const exponent = integer(n && element(n.rest, tagInteger));
  if (!whole || whole.rest.length > 0 || modulus === undefined || exponent === undefined) return "p= is not an RSA key";
  const bits = modulus.toString(2).length;
  const odd = modulus & exponent & 1n;
  if (!odd || bits < minModulus || bits > maxModulus || exponent < 3n || exponent >= 1n << 32n) {
    return "the modulus or exponent of the RSA key is out of range";
  }
  return { modulus, exponent, bits };
}

/** How a signature fits: wholly; made with this key over something else; not with this key; or one of both, which Ed25519 leaves open. */
export type Fit = "" | "header changed" | "key mismatch" | "header changed or other key";

/** Checks a signature over data; the algorithm is of the key's kind. */
export async function checkSignature(key: PublicKey, alg: Algorithm, data: Bytes, signature: Bytes): Promise<Fit> {
  if (key.rsa) return checkRSA(key.rsa, alg, data, signature);
  // RFC 8463 section 3: PureEdDSA over the SHA-256 digest.
  const fits = signature.length === 64 && (await verifyEd25519(key.ed!, hashed(alg, data) as Bytes, signature));
  return fits ? "" : "header changed or other key";
}

/**
 * RSASSA-PKCS1-v1_5 of RFC 8017 section 8.2.2, in whole numbers, since browsers
 * refuse short keys and say nothing of how a signature fails. The expected
 * block is built and compared whole: nothing of the signer's padding is parsed.
 * Where the browser takes the key, it must agree.
 */
async function checkRSA(key: RSAKey, alg: Algorithm, data: Bytes, signature: Bytes): Promise<Fit> {
  const size = Math.ceil(key.bits / 8);
  const s = BigInt("0x0" + hex(signature));
  const digest = hex(hashed(alg, data));
  const padding = size - alg.digestInfo.length / 2 - digest.length / 2 - 3;
  if (signature.length !== size || s >= key.modulus || padding < 8) return "key mismatch";
  const block = power(s, key.exponent, key.modulus).toString(16).padStart(2 * size, "0");
  const head = "0001" + "ff".repeat(padding) + "00" + alg.digestInfo;
  if (!block.startsWith(head)) return "key mismatch";
  if (block !== head + digest) return "header changed";
  return (await browserRSA(key, alg, data, signature)) === false ? "key mismatch" : "";
}

/** What WebCrypto says; undefined where it is not there or does not take the key. */
async function browserRSA(key: RSAKey, alg: Algorithm, data: Bytes, signature: Bytes): Promise<boolean | undefined> {
  try {
    const jwk = { kty: "RSA", n: base64url(key.modulus), e: base64url(key.exponent) };
    const hash = alg.hashName === "sha1" ? "SHA-1" : "SHA-256";
    const name = "RSASSA-PKCS1-v1_5";
    const imported = await crypto.subtle.importKey("jwk", jwk, { name, hash }, false, ["verify"]);
    return await crypto.subtle.verify(name, imported, signature, data);
  } catch {
    return undefined;
  }
}

function base64url(n: bigint): string {
  const digits = n.toString(16);
  const bytes = digits.padStart(digits.length + (digits.length % 2), "0").replace(/../g, (pair) => String.fromCharCode(parseInt(pair, 16)));
  return btoa(bytes).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
}
