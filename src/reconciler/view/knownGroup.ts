import type { BlockRef } from "../../wire/blockRef.ts";
import type { GroupId } from "../../wire/ids.ts";
import type { HeadId } from "../records/records.ts";
import type { GroupView } from "./viewOfGroup.ts";

/** What rules read of a group that a client follows. */
export type KnownGroup = {
  readonly id: GroupId;
  readonly view: GroupView;
  /** The last head that a witness agreed to: what can't be undone is decided by it. The zero block before any. */
  readonly agreed: BlockRef;
  /** Entries that came with a page that was not the last: nobody has agreed yet that no child of theirs is left out. */
  readonly unproven: ReadonlySet<HeadId>;
};
