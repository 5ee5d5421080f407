/**
 * How Go's crypto/ed25519 verifies, weak keys and all: only so that the vectors' own answer is checked where ours differs.
 *
 * It takes any spelling of a key and keys of small order; `S` has to be below the group's order, and `R` is compared as bytes.
 * @module
 */
import { createHash } from "node:crypto";
import { Point } from "@noble/ed25519";

const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

/** Whether Go accepts the signature. */
export function goVerify(key: Uint8Array, signature: Uint8Array, message: Uint8Array): boolean {
  if (key.length !== 32 || signature.length !== 64) return false;
  const s = littleEndian(signature.subarray(32));
  if (s >= ORDER) return false;
  let publicPoint;
  try {
    publicPoint = Point.fromBytes(key, true);
  } catch {
    return false; // Not on the curve.
  }
  const digest = createHash("sha512").update(signature.subarray(0, 32)).update(key).update(message).digest();
  const k = littleEndian(digest) % ORDER;
  const r = times(Point.BASE, s).add(times(publicPoint.negate(), k));
  return r.toBytes().toHex() === signature.subarray(0, 32).toHex();
}

/** Points of small order and the factor 0 are allowed, unlike in the library. */
function times(point: Point, factor: bigint): Point {
  let sum = Point.ZERO;
  for (const bit of factor.toString(2)) {
    sum = sum.double();
    if (bit === "1") sum = sum.add(point);
  }
  return sum;
}

function littleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${bytes.toReversed().toHex()}`);
}
