/** Something that must not show: what it is, and its bytes. */
export type Secret = { readonly kind: string; readonly bytes: Uint8Array };

type Needles = { readonly exact: readonly Buffer[]; readonly hex: Buffer };

const built = new WeakMap<Secret, Needles>();

/** Which of these stand in some bytes: raw, in hexadecimal digits of any case, or in either base64 at any offset. */
export function findNames(bytes: Uint8Array, secrets: readonly Secret[]): Secret[] {
  const exact = Buffer.from(bytes);
  const lower = Buffer.from(exact.toString("latin1").toLowerCase(), "latin1");
  return secrets.filter((secret) => {
    const needles = built.get(secret) ?? needlesOf(secret);
    built.set(secret, needles);
    return lower.includes(needles.hex) || needles.exact.some((needle) => exact.includes(needle));
  });
}

function needlesOf({ bytes }: Secret): Needles {
  const raw = Buffer.from(bytes);
  const encoded = [0, 1, 2].flatMap((offset) => [
    middleOf(raw, offset, "base64"),
    middleOf(raw, offset, "base64url"),
  ]);
  return { exact: [raw, ...encoded.map((text) => Buffer.from(text))], hex: Buffer.from(raw.toString("hex")) };
}

/** What of an encoding depends on these bytes alone, if so many others come before them. */
function middleOf(raw: Buffer, offset: number, encoding: "base64" | "base64url"): string {
  const digits = Buffer.concat([Buffer.alloc(offset), raw])
    .toString(encoding)
    .replace(/=+$/, "");
  const whole = Math.floor(((offset + raw.length) * 8) / 6);
  return digits.slice(Math.ceil((offset * 8) / 6), whole);
}
