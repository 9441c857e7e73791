/** Every reason for which an intent may end as *failed*. */
export const intentReasons = {
  "not-permitted": "The role does not allow it.",
  "not-a-member": "Only members of the group can do this.",
  removed: "The actor was removed from the group before it was done.",
  revoked: "The installation was revoked.",
  copied: "The database was a copy of another one, which may have done it: it became a new installation.",
  "already-done": "Somebody did it first, or it was so already.",
  "too-large": "Beyond a limit of the protocol.",
  "too-many-members": "The group is full.",
  "unknown-member": "No such inbox, or it is not in the group.",
  "unknown-installation": "No such installation in this inbox.",
  "unknown-group": "No such group in this database.",
  "unknown-message": "No such message in this database.",
  "last-super-admin": "A group keeps at least one super admin.",
  "no-key-package": "A new member has no valid key package.",
  "audience-changed": "It was not delivered in its epoch, and sealing it again would show it to new members.",
  deleted: "It was deleted before it could be sealed again.",
  superseded:
    "It was not delivered in its epoch, and a later one of the same person has taken its place since.",
  "older-version": "The group has a protocol version that lacks this: a super admin has to raise it.",
  "too-late": "What it is about can't be changed any more.",
  refused: "The others refused it; see the entry's verdict.",
} as const;

export type IntentReason = keyof typeof intentReasons;

/** Why all members of an entry's parent epoch skip a commit or control that they can open and that is well formed. */
export type CommitRefusal =
  /** The writer has no leaf in the parent's epoch. */
  | "not-a-member"
  /** The writer's installation was revoked by the end of the block before the entry's own. */
  | "revoked"
  /** The registry block lies too far before the entry's own block. */
  | "bad-registry-block"
  /** The new group context is not canonical or exceeds a limit. */
  | "malformed-context"
  /** The writer's role does not allow this change. */
  | "not-permitted"
  /** An added installation has a leaf already. */
  | "already-a-member"
  /** An added installation was not active at the registry block. */
  | "inactive-installation"
  | "too-many-members"
  /** An inbox would have more leaves than the limit. */
  | "too-many-installations"
  /** The list of returning members changes otherwise than by repairs and decisions. */
  | "bad-returning"
  /** The commit would make another kind of group of the group. */
  | "kind-changed"
  /** An added installation belongs to an inbox for which the group is not meant. */
  | "foreign-inbox"
  /** The commit gives a name or a role in a group whose members have equal rights. */
  | "fixed-rights"
  /** The commit changes a setting that this version does not know. */
  | "unknown-setting"
  /** A decision of a void sibling is not repeated. */
  | "removal-not-repeated"
  /** A commit with a Remove keeps the salt. */
  | "salt-not-renewed"
  /** The salt changes without a Remove. */
  | "salt-changed"
  /** A commit with a Remove changes more of the group context than it must, or less. */
  | "not-only-removed"
  /** A role is given to an inbox that is not in the group. */
  | "role-of-a-stranger"
  /** No super admin with an active installation would be left. */
  | "last-super-admin"
  /**
   * The writer is no admin and keeps too little distance; or a repair comes too soon after another repair of the same
   * leaf.
   */
  | "too-soon";
