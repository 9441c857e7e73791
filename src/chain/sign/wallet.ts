import type { Hex } from "../../wire/ids.ts";

/** Typed data (EIP-712) in the form in which wallets take it. */
export type TypedData = {
  readonly domain: {
    readonly name?: string;
    readonly version?: string;
    readonly chainId: number;
    readonly verifyingContract: Hex;
  };
  readonly types: Readonly<Record<string, readonly { readonly name: string; readonly type: string }[]>>;
  readonly primaryType: string;
  readonly message: Readonly<Record<string, unknown>>;
};

/** What signs for an address: an account's key, a hardware wallet or a contract wallet. A viem LocalAccount fits. */
export type Wallet = {
  readonly address: Hex;
  readonly signTypedData: (data: TypedData) => Promise<Hex>;
  /** Of a passkey's wallet: its P-256 key (x ‖ y, 64 bytes). Its contract is made by whoever relays its first record. */
  readonly passkey?: Uint8Array;
};
