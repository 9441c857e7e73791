import { concatBytes } from "../../../src/crypto/concatBytes.ts";
import { readList, readOpaque, readUint16, readWhole } from "../../../src/mls/codec/read.ts";
import { list, opaque, uint16 } from "../../../src/mls/codec/write.ts";
import { encodeHpkeCiphertext, readHpkeCiphertext } from "../../../src/mls/label/encryptWithLabel.ts";
import type { Welcome } from "../../../src/mls/welcome/sealWelcome.ts";

const VERSION = 1;
const WELCOME = 3;
const SUITE = 3;

/** The extension of a GroupInfo that carries the tree (RFC 9420, section 12.4.3.3). */
export const RATCHET_TREE = 2;

/** The parts of a Welcome as other implementations send it, in one MLSMessage. */
export function decodeWelcomeMessage(message: Uint8Array): Welcome {
  return readWhole(message, (reader) => {
    if (readUint16(reader) !== VERSION || readUint16(reader) !== WELCOME || readUint16(reader) !== SUITE) {
      throw new Error("not a Welcome of suite 3");
    }
    const groupSecrets = readList(reader, 1000, (one) => ({
      keyPackageRef: readOpaque(one),
      encryptedGroupSecrets: encodeHpkeCiphertext(readHpkeCiphertext(one)),
    }));
    return { groupSecrets, encryptedGroupInfo: readOpaque(reader) };
  });
}

/** One MLSMessage of the parts. */
export function encodeWelcomeMessage(welcome: Welcome): Uint8Array {
  const secrets = welcome.groupSecrets.map(({ keyPackageRef, encryptedGroupSecrets }) =>
    concatBytes(opaque(keyPackageRef), encryptedGroupSecrets),
  );
  return concatBytes(
    ...[uint16(VERSION), uint16(WELCOME), uint16(SUITE)],
    list(secrets),
    opaque(welcome.encryptedGroupInfo),
  );
}
