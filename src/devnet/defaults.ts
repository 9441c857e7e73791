/** Nodes of a devnet if nobody says otherwise. */
export const DEFAULT_NODES = 3;
