import type { BlockRef } from "../../wire/blockRef.ts";
import type { GroupId } from "../../wire/ids.ts";
import type { HeadId } from "../records/records.ts";
import type { GroupView } from "./viewOfGroup.ts";

/** What the rules need to know of a group that a client follows. */
export type KnownGroup = {
  readonly id: GroupId;
  readonly view: GroupView;
  /** The last block to which a witness agreed: it decides what can't be undone any more. The zero block before any. */
  readonly agreed: BlockRef;
  /** Entries of a page that was not the last: nobody has agreed yet that none of their children is left out. */
  readonly unproven: ReadonlySet<HeadId>;
};
