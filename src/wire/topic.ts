import { sha256 } from "#crypto";
import { concatBytes } from "../crypto/concatBytes.ts";
import { WeftError } from "../errors.ts";
import { labeledHash } from "./bytes.ts";
import { asId, fromHex, type GroupId, type Hex, ID_BYTES, type InstallationKey, toHex } from "./ids.ts";
import { WELCOME_BUCKET_BITS } from "./limits.ts";

export const TOPIC_BYTES = 1 + ID_BYTES;

const kinds = { group: 1, "key-package": 2, welcome: 3, "group-info": 4, history: 5 } as const;

export type TopicKind = keyof typeof kinds;
export type Topic = { readonly kind: TopicKind; readonly id: Hex };

export function groupTopic(group: GroupId): Uint8Array {
  return topicOf("group", fromHex(group));
}

export function keyPackageTopic(installation: InstallationKey): Uint8Array {
  return topicOf("key-package", sha256(fromHex(installation)));
}

/** Gives the bucket that an installation shares with the others of its hash prefix. */
export function welcomeTopic(installation: InstallationKey): Uint8Array {
  const bucket = new Uint8Array(ID_BYTES);
  const hash = sha256(fromHex(installation));
  for (let bit = 0; bit < WELCOME_BUCKET_BITS; bit++) {
    const byte = bit >> 3;
    bucket[byte] = (bucket[byte] ?? 0) | ((hash[byte] ?? 0) & (0x80 >> (bit & 7)));
  }
  return topicOf("welcome", bucket);
}

/** True for a bucket of Welcomes. False for a topic of that kind whose id is more than a prefix: nobody reads it. */
export function isWelcomeBucket(topic: Uint8Array): boolean {
  const id = topic.subarray(1);
  const isZero = (byte: number, at: number) => {
    const beyond = Math.min(8, Math.max(0, 8 * (at + 1) - WELCOME_BUCKET_BITS));
    return (byte & (2 ** beyond - 1)) === 0;
  };
  return topic[0] === kinds.welcome && topic.length === TOPIC_BYTES && id.every(isZero);
}

/**
 * True for what strangers may publish, too: Welcomes, group infos, key packages, histories, and whatever kinds newer
 * versions have.
 */
export function isOfStrangers(topic: Uint8Array): boolean {
  return topic[0] !== kinds.group;
}

/** True for what a device sends to another one of its inbox: it is kept for days only, in logs of its own. */
export function isHistory(topic: Uint8Array): boolean {
  return topic[0] === kinds.history;
}

export function isKeyPackage(topic: Uint8Array): boolean {
  return topic[0] === kinds["key-package"];
}

/**
 * Gives the topic of a group info.
 * @param id 32 random bytes
 */
export function groupInfoTopic(id: Uint8Array): Uint8Array {
  return topicOf("group-info", id);
}

/** Gives the topic on which a new device asks for history, and is answered. */
export function historyRequestTopic(installation: InstallationKey): Uint8Array {
  return topicOf("history", labeledHash({ label: "weft.history.v1", fields: [fromHex(installation)] }));
}

/**
 * Gives the topic of an archive's chunks.
 * @param id 32 random bytes
 */
export function historyTopic(id: Uint8Array): Uint8Array {
  return topicOf("history", id);
}

/** Reads a topic. Throws `unknown-topic` for a kind that this version does not know, `malformed` for a wrong length. */
export function parseTopic(topic: Uint8Array): Topic {
  const id = asId<GroupId>(topic.subarray(1));
  const kind = (Object.keys(kinds) as TopicKind[]).find((name) => kinds[name] === topic[0]);
  if (kind === undefined) {
    throw new WeftError({ code: "unknown-topic", message: `topic kind ${topic[0]} (${toHex(topic)})` });
  }
  return { kind, id };
}

function topicOf(kind: TopicKind, id: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(kinds[kind]), id);
}
