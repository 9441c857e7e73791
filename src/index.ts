/** The public API of Weft's client. */

export { createPasskey } from "./chain/sign/passkey/createPasskey.ts";
export { findPasskey } from "./chain/sign/passkey/findPasskey.ts";
export type { Passkey } from "./chain/sign/passkey/passkey.ts";
export { walletFromPasskey } from "./chain/sign/passkey/walletFromPasskey.ts";
export type { PayingAccount } from "./chain/sign/payingAccount.ts";
export type { TypedData, Wallet } from "./chain/sign/wallet.ts";
export { walletFromContract } from "./chain/sign/walletFromContract.ts";
export { walletFromKey } from "./chain/sign/walletFromKey.ts";
export type { Acting, ActingClient } from "./client/actForInbox.ts";
export type { SendHandle } from "./client/addSend.ts";
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
export type { OpenClientParams } from "./client/clientParams.ts";
export { type Codec, type DecodedPart, decodePart, encodePart } from "./client/codecs.ts";
export {
  countOutcomes,
  type ListedOutcome,
  type OutcomeCounts,
  readOutcomes,
} from "./client/countOutcomes.ts";
export { createGroup } from "./client/createGroup.ts";
export type { Consent } from "./client/database/consents.ts";
export type { ConversationState } from "./client/database/conversationRecord.ts";
export { deleteMessage } from "./client/deleteMessage.ts";
export { downloadAttachment } from "./client/downloadAttachment.ts";
export { editMessage } from "./client/editMessage.ts";
export { exportHistory, type HistoryLock, type HistoryProgress } from "./client/exportHistory.ts";
export type { ClientLogger } from "./client/group/core.ts";
export type { IntentHandle } from "./client/group/intentHandle.ts";
export { type EpochState, type GroupState, groupStatus } from "./client/groupStatus.ts";
export { type ImportedHistory, importHistory } from "./client/importHistory.ts";
export { type LinkedWallet, linkWallet } from "./client/linkWallet.ts";
export { type ConversationSummary, listConversations } from "./client/listConversations.ts";
export {
  type CountedDead,
  type ListedEntry,
  type ListedVerdict,
  listEntries,
} from "./client/listEntries.ts";
export { type GroupSummary, listGroups, listMembers, type MemberSummary } from "./client/listGroups.ts";
export { listInstallations } from "./client/listInstallations.ts";
export { findIntent, type IntentSummary, listIntents } from "./client/listIntents.ts";
export { type Delivery, type ListedItem, listMessages } from "./client/listMessages.ts";
export { markRead } from "./client/markRead.ts";
export { type ArrivedMessage, messages } from "./client/messages.ts";
export { listNames, setName } from "./client/names.ts";
export type { OwnChain, RelayTrouble } from "./client/nodes/ownRelay.ts";
export type { WorkProgress } from "./client/nodes/withTicket.ts";
export { openClient } from "./client/openClient.ts";
export { type DirectConversation, openDirect } from "./client/openDirect.ts";
export { preferNode, rankNodes } from "./client/preferNode.ts";
export { type ProposedRecovery, proposeRecovery } from "./client/proposeRecovery.ts";
export { reactToMessage } from "./client/reactToMessage.ts";
export { type MessageParents, readParents } from "./client/readParents.ts";
export { revokeInstallation } from "./client/revokeInstallation.ts";
export { type Revoked, revokeInstallations } from "./client/revokeInstallations.ts";
export { type FoundMessage, searchMessages } from "./client/searchMessages.ts";
export { type Saying, sendMessage } from "./client/sendMessage.ts";
export { setConsent } from "./client/setConsent.ts";
export { setDisappearing } from "./client/setDisappearing.ts";
export { setDraft } from "./client/setDraft.ts";
export { setOnline } from "./client/setOnline.ts";
export { setReachableNodes } from "./client/setReachableNodes.ts";
export { type Change, type StreamedEvent, stream } from "./client/stream.ts";
export { type GroupSync, type SyncStatus, syncStatus } from "./client/syncStatus.ts";
export { type UnlinkedWallet, unlinkWallet } from "./client/unlinkWallet.ts";
export { uploadAttachment } from "./client/uploadAttachment.ts";
export { type VetoedRecovery, vetoRecovery } from "./client/vetoRecovery.ts";
export type { WalletProgress } from "./client/wallet/landWalletChange.ts";
export type { WalletPlace } from "./client/wallet/openWallet.ts";
export { type WalletReason, type WalletRefusal, walletReasons } from "./client/wallet/walletChange.ts";
export { type ErrorCode, errorHints, isWeftError, WeftError } from "./errors.ts";
export { createRecoveryText } from "./identity/archiveKeys.ts";
export type { AttachmentStore } from "./net/attachmentStore.ts";
export { openHttpStore } from "./net/openHttpStore.ts";
export type {
  InstallationList,
  InstallationSummary,
  WalletSummary,
} from "./reconciler/inboxes/installationList.ts";
export { type IntentReason, intentReasons } from "./reconciler/policy/reasons.ts";
export type { Role } from "./reconciler/policy/roleOf.ts";
export type { IntentOutcome, Invitee } from "./reconciler/records/intent.ts";
export type { MembershipChange } from "./reconciler/records/timelineRecord.ts";
export type { ParentsVerdict } from "./reconciler/timeline/judgeParents.ts";
export type {
  MessageItem,
  ShownReaction,
  SilentMessage,
  TimelineItem,
} from "./reconciler/timeline/timelineItem.ts";
export { defaultRotation, type Rotation } from "./reconciler/upkeep/rotation.ts";
export type { GroupKind } from "./wire/groupKind.ts";
export type * from "./wire/ids.ts";
export type { Network } from "./wire/network.ts";
export { type External, type Part, textOfPart, textPart } from "./wire/part.ts";
export { type Relation, relationKinds } from "./wire/relation.ts";
