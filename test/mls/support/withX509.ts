import { readWhole } from "../../../src/mls/codec/read.ts";
import { BASIC_CREDENTIAL } from "../../../src/mls/limits.ts";
import { signLeafNode } from "../../../src/mls/tree/leafNode.ts";
import { readKeyPackage, signKeyPackage } from "../../../src/mls/welcome/keyPackage.ts";
import type { TestMember } from "./makeMember.ts";

const X509_CREDENTIAL = 2;

/** The member with a leaf that claims certificates too: groups of core-crypto require it, the profile allows it. */
export function withX509(member: TestMember): TestMember {
  const { initKey, leaf } = readWhole(member.keyPackage, readKeyPackage);
  const { privateKey } = member.signatureKey;
  const credentials = [BASIC_CREDENTIAL, X509_CREDENTIAL];
  const able = signLeafNode({
    leaf: { ...leaf, capabilities: { ...leaf.capabilities, credentials } },
    privateKey,
  });
  return { ...member, keyPackage: signKeyPackage({ initKey, leaf: able, privateKey }).encoded };
}
