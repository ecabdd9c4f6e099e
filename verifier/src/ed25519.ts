// Ed25519 (RFC 8032) through WebCrypto where the browser has it, else by our
// own code.

import { hexBytes } from "./bytes";
import { verifyByNumbers } from "./curve";

type Bytes = Uint8Array<ArrayBuffer>;

async function verify(key: Bytes, message: Bytes, signature: Bytes): Promise<boolean> {
  try {
    const imported = await crypto.subtle.importKey("raw", key, { name: "Ed25519" }, false, ["verify"]);
    return await crypto.subtle.verify({ name: "Ed25519" }, imported, signature, message);
  } catch {
    return false;
  }
}

// RFC 8032 section 7.1, TEST 2.
const testKey = hexBytes("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
const testMessage = hexBytes("72");
const testSignature = hexBytes(
  "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da" +
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
);

/** Whether this browser knows a good signature from a bad one. */
async function hasEd25519(): Promise<boolean> {
  const other = new Uint8Array([0x73]);
  return (await verify(testKey, testMessage, testSignature)) && !(await verify(testKey, other, testSignature));
}

let available: Promise<boolean> | undefined;

/** Whether signature is key's of message. */
export async function verifyEd25519(key: Bytes, message: Bytes, signature: Bytes): Promise<boolean> {
  available ??= hasEd25519();
  return (await available) ? verify(key, message, signature) : verifyByNumbers(key, message, signature);
}
