/** The public API of Weft's client. */

export type { PayingAccount } from "./chain/payingAccount.ts";
export { catchUp } from "./client/catchUp.ts";
export {
  addMembers,
  leaveGroup,
  removeMembers,
  renameGroup,
  rotateKeys,
  setRole,
} from "./client/changeMembers.ts";
export type { Client } from "./client/client.ts";
export type { ClientLogger } from "./client/core.ts";
export {
  countOutcomes,
  type ListedOutcome,
  type OutcomeCounts,
  readOutcomes,
} from "./client/countOutcomes.ts";
export { crashAtNextWrite } from "./client/crashAtNextWrite.ts";
export { createGroup } from "./client/createGroup.ts";
export { deleteMessage } from "./client/deleteMessage.ts";
export { type EpochState, type GroupState, groupStatus } from "./client/groupStatus.ts";
export type {
  InstallationList,
  InstallationSummary,
  WalletSummary,
} from "./client/identity/installationList.ts";
export { type GroupSummary, listGroups, listMembers, type MemberSummary } from "./client/listGroups.ts";
export { listInstallations } from "./client/listInstallations.ts";
export { findIntent, type IntentSummary, listIntents } from "./client/listIntents.ts";
export { type Delivery, type ListedItem, listMessages } from "./client/listMessages.ts";
export { type OpenClientParams, openClient } from "./client/openClient.ts";
export type { IntentOutcome, Invitee } from "./client/outbox/intent.ts";
export type { IntentHandle } from "./client/outbox/intentHandle.ts";
export { type IntentReason, intentReasons } from "./client/policy/reasons.ts";
export type { Role } from "./client/policy/roleOf.ts";
export { preferNode, rankNodes } from "./client/preferNode.ts";
export { type MessageParents, readParents } from "./client/readParents.ts";
export type { OwnChain, RelayTrouble } from "./client/relay/ownRelay.ts";
export type { WorkProgress } from "./client/relay/withTicket.ts";
export { revokeInstallation } from "./client/revokeInstallation.ts";
export { type Revoked, revokeInstallations } from "./client/revokeInstallations.ts";
export { sendMessage } from "./client/sendMessage.ts";
export { setOnline } from "./client/setOnline.ts";
export { setReachableNodes } from "./client/setReachableNodes.ts";
export { type StreamedEvent, streamMessages } from "./client/streamMessages.ts";
export { type GroupSync, type SyncStatus, syncStatus } from "./client/syncStatus.ts";
export type { ParentsVerdict } from "./client/timeline/judgeParents.ts";
export type { MembershipChange } from "./client/timeline/record.ts";
export type { TimelineItem } from "./client/timeline/timelineItem.ts";
export { defaultRotation, type Rotation } from "./client/upkeep/rotation.ts";
export type { WalletPlace } from "./client/wallet/openWallet.ts";
export { type ErrorCode, errorHints, isWeftError, WeftError } from "./errors.ts";
export type * from "./wire/ids.ts";
export type { Network } from "./wire/network.ts";
