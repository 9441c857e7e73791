import { WeftError } from "../../src/errors.ts";
import { decodePublicCommit } from "../../src/mls/commit/publicCommit.ts";
import { decodeKeyPackage } from "../../src/mls/decodeKeyPackage.ts";
import { decodeTree } from "../../src/mls/decodeTree.ts";
import { encodeTree } from "../../src/mls/encodeTree.ts";
import { joinGroup } from "../../src/mls/joinGroup.ts";
import { openMessage } from "../../src/mls/openMessage.ts";
import { readMessageHeader } from "../../src/mls/readMessageHeader.ts";
import { sealMessage } from "../../src/mls/sealMessage.ts";
import { verifyCommit } from "../../src/mls/verifyCommit.ts";
import { makeMember } from "../mls/support/makeMember.ts";
import { commit, foundWith, seatNamed, stage } from "../mls/support/testGroup.ts";
import type { Target } from "./target.ts";

/** What other members and strangers hand to the MLS engine. */
export function mlsTargets(): Target[] {
  let seats = foundWith(["a", "b", "c"]);
  for (const i of seats.keys()) seats = commit(seats, i, {});
  const [alice, bob] = [seatNamed(seats, "a"), seatNamed(seats, "b")];
  const joiner = makeMember("joiner");
  const adding = stage(alice, { adds: [joiner], forcePath: true });
  const commits = [adding.commit, stage(alice, { removes: [2] }).commit];
  const { message } = sealMessage({
    ...{ state: alice.state, signatureKey: alice.signatureKey },
    ...{ plaintext: new Uint8Array(40), authenticatedData: new Uint8Array(3) },
  });
  const { keyPackage, secrets: keyPackageSecrets } = joiner;
  const encryptedGroupSecrets = adding.welcome?.groupSecrets[0]?.encryptedGroupSecrets ?? new Uint8Array();
  const encryptedGroupInfo = adding.welcome?.encryptedGroupInfo ?? new Uint8Array();
  const ratchetTree = encodeTree(adding.newState);
  const welcome = { keyPackage, keyPackageSecrets, encryptedGroupSecrets, encryptedGroupInfo, ratchetTree };
  return [
    { name: "MLS commit", samples: commits, read: decodePublicCommit },
    {
      name: "MLS commit, verified",
      samples: commits,
      read: (bytes) => expect(verifyCommit({ state: bob.state, commit: bytes }).kind, "verified"),
    },
    {
      name: "MLS message",
      samples: [message],
      read: (bytes) => expect(openMessage({ state: bob.state, message: bytes }).kind, "opened"),
    },
    { name: "MLS message's head", samples: [message, ...commits], read: readMessageHeader },
    { name: "MLS key package", samples: [keyPackage], read: decodeKeyPackage },
    { name: "MLS ratchet tree", samples: [ratchetTree], read: decodeTree },
    {
      name: "MLS group secrets",
      samples: [encryptedGroupSecrets],
      read: (bytes) => joinGroup({ ...welcome, encryptedGroupSecrets: bytes }),
    },
    {
      name: "MLS group info",
      samples: [encryptedGroupInfo],
      read: (bytes) => joinGroup({ ...welcome, encryptedGroupInfo: bytes }),
    },
  ];
}

function expect(kind: string, wanted: string): void {
  if (kind !== wanted) throw new WeftError({ code: "malformed", message: kind });
}
