import { concatBytes } from "../../crypto/concatBytes.ts";
import { type Extension, encodeExtensions, readExtensions } from "../codec/extension.ts";
import { type Reader, readOpaqueOf, readUint32 } from "../codec/read.ts";
import { opaque, uint32 } from "../codec/write.ts";
import { encodeGroupContext, type GroupContext, readGroupContext } from "../epoch/groupContext.ts";
import { signWithLabel, verifyWithLabel } from "../label/signWithLabel.ts";
import { HASH_LENGTH, SIGNATURE_LENGTH } from "../limits.ts";

/** GroupInfo (RFC 9420, section 12.4.3). */
export type GroupInfo = {
  readonly context: GroupContext;
  readonly extensions: readonly Extension[];
  readonly confirmationTag: Uint8Array;
  readonly signer: number;
  readonly signature: Uint8Array;
};

const signatureLabel = "GroupInfoTBS";

/** Signs and encodes a GroupInfo without extensions. */
export function signGroupInfo(params: {
  context: GroupContext;
  confirmationTag: Uint8Array;
  signer: number;
  privateKey: Uint8Array;
}): Uint8Array {
  const content = encodeUnsigned({ ...params, extensions: [] });
  const signature = signWithLabel({ privateKey: params.privateKey, label: signatureLabel, content });
  return concatBytes(content, opaque(signature));
}

export function hasValidGroupInfoSignature(groupInfo: GroupInfo, publicKey: Uint8Array): boolean {
  const { signature } = groupInfo;
  return verifyWithLabel({ publicKey, label: signatureLabel, content: encodeUnsigned(groupInfo), signature });
}

export function readGroupInfo(reader: Reader): GroupInfo {
  return {
    context: readGroupContext(reader),
    extensions: readExtensions(reader),
    confirmationTag: readOpaqueOf(reader, HASH_LENGTH),
    signer: readUint32(reader),
    signature: readOpaqueOf(reader, SIGNATURE_LENGTH),
  };
}

function encodeUnsigned(groupInfo: Omit<GroupInfo, "signature">): Uint8Array {
  return concatBytes(
    encodeGroupContext(groupInfo.context),
    encodeExtensions(groupInfo.extensions),
    opaque(groupInfo.confirmationTag),
    uint32(groupInfo.signer),
  );
}
