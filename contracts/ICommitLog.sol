// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title The strict order of every group: a tree of sealed commits, addressed by content
/// @notice An entry names the entry that it builds on and must be signed by that entry's authority, a key which
/// only the members of the epoch that it opened can derive. Who of them wrote it stays hidden.
///
/// group id   = keccak256(abi.encode(genesis address))
/// entry id   = keccak256(abi.encode(group, parent, authority, keccak256(payload)))
/// EIP-712    domain { name "Weft CommitLog", version "2", chainId, verifyingContract }
///            Append(bytes32 group,bytes32 parent,uint24 limit,address authority,bytes32 payloadHash)
///            where payloadHash = keccak256(payload); the signature is r ‖ s ‖ v (65 bytes), s low.
interface ICommitLog {
    /// @param authority The signer of every entry below this one; zero if there is no such entry, and for the root.
    /// @param blockNumber The chain's own block that holds it (ArbSys where present).
    /// @param index How many siblings came before it.
    /// @param children How many entries build on it.
    struct Entry {
        address authority;
        uint48 blockNumber;
        uint24 index;
        uint24 children;
    }

    /// @param group The group id.
    /// @param parent The entry built on; the group id itself for the first.
    /// @param limit The most children that the parent may have for this append to land.
    /// @param authority The signer of whatever builds on this entry.
    /// @param payload At most MAX_PAYLOAD_BYTES, sealed.
    /// @param signature EIP-712, by the parent's authority; for the first entry by the genesis key.
    struct Append {
        bytes32 group;
        bytes32 parent;
        uint24 limit;
        address authority;
        bytes payload;
        bytes signature;
    }

    /// @param id The entry's id, landed or not.
    /// @param refusal Empty if it landed; otherwise the ABI-encoded error that `append` would have reverted with.
    struct Result {
        bytes32 id;
        bytes refusal;
    }

    event Appended(
        bytes32 indexed group, bytes32 indexed id, bytes32 parent, uint24 index, address authority, bytes payload
    );

    /// @notice One append of `appendMany` was refused; `refusal` is its ABI-encoded error.
    event Refused(bytes32 indexed group, bytes32 indexed id, bytes refusal);

    /// @notice The parent has more children than the limit allows.
    error Stale(uint24 children);
    /// @notice The entry is on chain already: whoever sent it has succeeded.
    error Exists(bytes32 id);
    /// @notice The parent is not an entry of this group.
    error UnknownParent();
    /// @notice Not signed by the parent's authority (by the genesis key for a first entry).
    error BadSignature();
    error ZeroAuthority();
    error TooLarge();
    /// @notice The parent has 2^24 - 1 children, no more can be counted.
    error Full();
    /// @notice Not as many groups as entries.
    error LengthMismatch();

    /// @notice Appends one entry. Anyone may send it.
    function append(
        bytes32 group,
        bytes32 parent,
        uint24 limit,
        address authority,
        bytes calldata payload,
        bytes calldata signature
    ) external returns (bytes32 id);

    /// @notice Appends in the given order; a refused append emits `Refused` and leaves the others alone.
    function appendMany(Append[] calldata appends) external returns (Result[] memory results);

    /// @notice All zero if unknown; of the root `entries(group, group)` only `children` is ever set.
    function entries(bytes32 group, bytes32 id) external view returns (Entry memory);

    function children(bytes32 group, bytes32 id) external view returns (uint24);

    /// @notice Each entry in one word: authority | blockNumber << 160 | index << 208 | children << 232; zero if unknown,
    /// and for the root (the id is the group's) no more than its children.
    function entryWords(bytes32[] calldata groups, bytes32[] calldata ids) external view returns (bytes32[] memory);

    function MAX_PAYLOAD_BYTES() external view returns (uint256);
}
