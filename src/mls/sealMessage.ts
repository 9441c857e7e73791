import { randomBytes, sealAead } from "#crypto";
import type { KeyPair } from "../crypto/api.ts";
import { concatBytes } from "../crypto/concatBytes.ts";
import { zero } from "../crypto/zero.ts";
import { WeftError } from "../errors.ts";
import { opaque } from "./codec/write.ts";
import { encodeGroupContext } from "./epoch/groupContext.ts";
import { nextGeneration, takeMessageKey } from "./epoch/secretTree.ts";
import type { GroupState } from "./groupState.ts";
import { signWithLabel } from "./label/signWithLabel.ts";
import { MAX_MESSAGE_BYTES } from "./limits.ts";
import { encodeFramedContent, framedContentLabel, framedContentTbs } from "./message/framing.ts";
import {
  encodePrivateMessage,
  encodeSenderData,
  guardedNonce,
  privateContentAad,
  REUSE_GUARD_LENGTH,
  senderDataAad,
  senderDataKeys,
} from "./message/privateMessage.ts";

const MAX_GENERATION = 0xfffffffe;
/** Room for everything in a message that is neither plaintext, padding nor authenticated data. */
const FRAME_BYTES = 1024;

/**
 * Seals application bytes into an MLSMessage with a PrivateMessage (RFC 9420, section 6.3). The new state must be
 * stored before the message leaves, or its key could be used twice. `padding` is a number of zero bytes.
 * Throws `too-large`, or `limit-exceeded` after 2^32 messages in one epoch.
 */
export function sealMessage(params: {
  state: GroupState;
  signatureKey: KeyPair;
  plaintext: Uint8Array;
  authenticatedData: Uint8Array;
  padding?: number | undefined;
}): { newState: GroupState; message: Uint8Array } {
  const { state, plaintext, authenticatedData, padding = 0 } = params;
  if (plaintext.length + authenticatedData.length + padding + FRAME_BYTES > MAX_MESSAGE_BYTES) {
    throw new WeftError({ code: "too-large", message: "the message exceeds what any member opens" });
  }
  const { groupId, epoch } = state.context;
  const head = { groupId, epoch, contentType: "application", authenticatedData } as const;
  const { messageKey, newState } = takeOwnKey(state);
  const body = opaque(plaintext);
  const signature = sign({ ...params, ...head, body });
  const content = concatBytes(body, opaque(signature), new Uint8Array(padding));
  const reuseGuard = randomBytes(REUSE_GUARD_LENGTH);
  const { key, generation } = messageKey;
  const nonce = guardedNonce(messageKey.nonce, reuseGuard);
  const ciphertext = sealAead({ key, nonce, aad: privateContentAad(head), plaintext: content });
  const senderData = encodeSenderData({ leafIndex: state.ownLeafIndex, generation, reuseGuard });
  const { senderDataSecret } = state;
  const encryptedSenderData = sealAead({
    ...senderDataKeys({ senderDataSecret, ciphertext }),
    aad: senderDataAad(head),
    plaintext: senderData,
  });
  zero(key, messageKey.nonce, content);
  return { newState, message: encodePrivateMessage({ ...head, encryptedSenderData, ciphertext }) };
}

function takeOwnKey(state: GroupState) {
  const { secretTree: tree, ownLeafIndex: leafIndex } = state;
  const generation = nextGeneration(tree, leafIndex);
  if (generation > MAX_GENERATION) {
    throw new WeftError({ code: "limit-exceeded", message: "no message keys are left in this epoch" });
  }
  const taken = takeMessageKey({ tree, leafIndex, generation });
  if (taken.kind !== "taken") {
    throw new WeftError({ code: "internal", message: `no key to seal with: ${taken.kind}` });
  }
  return { messageKey: taken.messageKey, newState: { ...state, secretTree: taken.tree } };
}

function sign(params: {
  state: GroupState;
  signatureKey: KeyPair;
  groupId: Uint8Array;
  epoch: number;
  contentType: "application";
  authenticatedData: Uint8Array;
  body: Uint8Array;
}): Uint8Array {
  const { state, signatureKey } = params;
  const content = encodeFramedContent({ ...params, leafIndex: state.ownLeafIndex });
  const encodedContext = encodeGroupContext(state.context);
  return signWithLabel({
    privateKey: signatureKey.privateKey,
    label: framedContentLabel,
    content: framedContentTbs({ wireFormat: "private", content, encodedContext }),
  });
}
