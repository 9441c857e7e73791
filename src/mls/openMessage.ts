import { openAead } from "#crypto";
import { equalBytes } from "../crypto/equalBytes.ts";
import { zero } from "../crypto/zero.ts";
import { isWeftError } from "../errors.ts";
import { malformed } from "./codec/malformed.ts";
import { type Reader, readOpaque, readOpaqueOf, readWhole } from "./codec/read.ts";
import { opaque } from "./codec/write.ts";
import { encodeGroupContext } from "./epoch/groupContext.ts";
import { nextGeneration, takeMessageKey } from "./epoch/secretTree.ts";
import type { EpochKeys } from "./groupState.ts";
import { verifyWithLabel } from "./label/signWithLabel.ts";
import { SIGNATURE_LENGTH } from "./limits.ts";
import { encodeFramedContent, framedContentLabel, framedContentTbs } from "./message/framing.ts";
import {
  decodePrivateMessage,
  decodeSenderData,
  guardedNonce,
  type PrivateMessage,
  privateContentAad,
  type SenderData,
  senderDataAad,
  senderDataKeys,
} from "./message/privateMessage.ts";
import type { LeafNode } from "./tree/leafNode.ts";
import { leafAt } from "./tree/ratchetTree.ts";

export type MessageRefusal =
  | "malformed"
  /** The bytes are a handshake message, or no PrivateMessage at all. */
  | "outside-profile"
  | "wrong-group"
  | "wrong-epoch"
  | "not-a-member"
  | "does-not-open"
  | "bad-signature"
  /** The generation was opened before, or is older than what is kept. */
  | "keys-gone"
  | "too-far-ahead"
  /** The message was sealed with a key of this very state. */
  | "own-message"
  /**
   * The message is validly signed by this member with a key that this state has not used yet: a copy of it is at work.
   */
  | "sealed-by-a-copy";

export type OpenedMessage<State extends EpochKeys> =
  | {
      readonly kind: "opened";
      readonly newState: State;
      readonly plaintext: Uint8Array;
      readonly authenticatedData: Uint8Array;
      readonly senderLeaf: number;
      readonly senderIdentity: Uint8Array;
      readonly senderSignatureKey: Uint8Array;
    }
  | { readonly kind: "refused"; readonly reason: MessageRefusal };

/**
 * Opens an application message with a state or the keys of a closed epoch (RFC 9420, section 6.3). Messages open in any
 * order: skipped generations stay open for a while. The sender is that of this epoch's tree. A refusal changes nothing,
 * so a forged message cannot use up the key of a true one. Never throws for bad bytes.
 */
export function openMessage<State extends EpochKeys>(params: {
  state: State;
  message: Uint8Array;
  /** True: opens what a copy of this state has sealed; never seal with the state that comes of it. */
  byCopy?: boolean;
}): OpenedMessage<State> {
  const { state, byCopy = false } = params;
  const message = attempt(() => decodePrivateMessage(params.message));
  if (message.kind === "failed") return refused(message.reason);
  const reason = judgeHead(state, message.value);
  if (reason) return refused(reason);
  const sender = openSenderData(state, message.value);
  if (!sender) return refused("does-not-open");
  const leaf = leafAt(state.tree, sender.leafIndex);
  if (!leaf) return refused("not-a-member");
  return openContent({ state, message: message.value, sender, leaf, byCopy });
}

function judgeHead(state: EpochKeys, message: PrivateMessage): MessageRefusal | undefined {
  const { groupId, epoch } = state.context;
  if (message.contentType !== "application") return "outside-profile";
  if (!equalBytes(message.groupId, groupId)) return "wrong-group";
  return message.epoch === epoch ? undefined : "wrong-epoch";
}

function openSenderData(state: EpochKeys, message: PrivateMessage): SenderData | undefined {
  const { ciphertext, encryptedSenderData } = message;
  const keys = senderDataKeys({ senderDataSecret: state.senderDataSecret, ciphertext });
  const plaintext = openAead({ ...keys, aad: senderDataAad(message), ciphertext: encryptedSenderData });
  const sender = plaintext && attempt(() => decodeSenderData(plaintext));
  return sender?.kind === "done" ? sender.value : undefined;
}

function openContent<State extends EpochKeys>(params: {
  state: State;
  message: PrivateMessage;
  sender: SenderData;
  leaf: LeafNode;
  byCopy: boolean;
}): OpenedMessage<State> {
  const { state, message, sender, leaf, byCopy } = params;
  const { leafIndex, generation, reuseGuard } = sender;
  const isOwn = leafIndex === state.ownLeafIndex;
  if (isOwn && generation < nextGeneration(state.secretTree, leafIndex)) return refused("own-message");
  const taken = takeMessageKey({ tree: state.secretTree, leafIndex, generation });
  if (taken.kind !== "taken") return refused(taken.kind);
  const { key } = taken.messageKey;
  const nonce = guardedNonce(taken.messageKey.nonce, reuseGuard);
  const content = openAead({ key, nonce, aad: privateContentAad(message), ciphertext: message.ciphertext });
  if (!content) return refused("does-not-open");
  const parts = attempt(() => readWhole(content, readApplicationContent));
  zero(content);
  if (parts.kind === "failed") return refused("malformed");
  const { plaintext, signature } = parts.value;
  if (!isSigned({ state, message, sender, leaf, plaintext, signature })) return refused("bad-signature");
  if (isOwn && !byCopy) return refused("sealed-by-a-copy");
  return {
    kind: "opened",
    newState: { ...state, secretTree: taken.tree },
    ...{ plaintext, authenticatedData: message.authenticatedData, senderLeaf: leafIndex },
    senderIdentity: leaf.identity,
    senderSignatureKey: leaf.signatureKey,
  };
}

/** Reads the PrivateMessageContent of an application message; the rest is padding and has to be zero. */
function readApplicationContent(reader: Reader): { plaintext: Uint8Array; signature: Uint8Array } {
  const plaintext = readOpaque(reader);
  const signature = readOpaqueOf(reader, SIGNATURE_LENGTH);
  if (reader.bytes.subarray(reader.at).some((byte) => byte !== 0)) throw malformed("padding is not zero");
  reader.at = reader.bytes.length;
  return { plaintext, signature };
}

function isSigned(params: {
  state: EpochKeys;
  message: PrivateMessage;
  sender: SenderData;
  leaf: LeafNode;
  plaintext: Uint8Array;
  signature: Uint8Array;
}): boolean {
  const { state, message, sender, leaf, plaintext, signature } = params;
  const content = encodeFramedContent({ ...message, leafIndex: sender.leafIndex, body: opaque(plaintext) });
  const encodedContext = encodeGroupContext(state.context);
  return verifyWithLabel({
    publicKey: leaf.signatureKey,
    label: framedContentLabel,
    content: framedContentTbs({ wireFormat: "private", content, encodedContext }),
    signature,
  });
}

type Attempt<T> =
  | { readonly kind: "done"; readonly value: T }
  | { readonly kind: "failed"; readonly reason: "malformed" | "outside-profile" };

function attempt<T>(decode: () => T): Attempt<T> {
  try {
    return { kind: "done", value: decode() };
  } catch (error) {
    if (isWeftError(error, "outside-profile")) return { kind: "failed", reason: "outside-profile" };
    if (isWeftError(error)) return { kind: "failed", reason: "malformed" };
    throw error;
  }
}

function refused(reason: MessageRefusal): { kind: "refused"; reason: MessageRefusal } {
  return { kind: "refused", reason };
}
