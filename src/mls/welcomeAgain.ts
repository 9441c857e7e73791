import type { KeyPair } from "../crypto/api.ts";
import { zero } from "../crypto/zero.ts";
import { advanceEpoch } from "./epoch/advanceEpoch.ts";
import { NO_SECRET } from "./epoch/keySchedule.ts";
import type { GroupState } from "./groupState.ts";
import type { VerifiedCommit } from "./verifyCommit.ts";
import { sealWelcome, type Welcome } from "./welcome/sealWelcome.ts";

/**
 * Makes the Welcome of somebody else's commit of Adds: it has no path, so every member of the epoch before it knows the
 * joiner secret (RFC 9420, section 12.4.3.1), and any member may sign the GroupInfo. Undefined for another commit.
 * `state` is of the epoch that the commit was verified against.
 */
export function welcomeAgain(params: {
  state: GroupState;
  verified: VerifiedCommit;
  signatureKey: KeyPair;
}): Welcome | undefined {
  const { state, verified, signatureKey } = params;
  const { message, provisional, tree, path } = verified.step;
  if (path || verified.adds.length === 0) return undefined;
  const { content, signature, commit } = message;
  const { privateKeys } = state;
  const commitSecret = NO_SECRET;
  const next = advanceEpoch({ state, provisional, tree, content, signature, commitSecret, privateKeys });
  const welcome = sealWelcome({
    context: next.state.context,
    confirmationTag: next.confirmationTag,
    signer: state.ownLeafIndex,
    privateKey: signatureKey.privateKey,
    joinerSecret: next.joinerSecret,
    joiners: commit.proposals.flatMap((one) =>
      one.kind === "add" ? [{ keyPackage: one.keyPackage, pathSecret: undefined }] : [],
    ),
  });
  zero(next.joinerSecret);
  return welcome;
}
