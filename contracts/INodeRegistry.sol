// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title Nodes: permissionless, bonded, without an owner
/// @notice Anyone may register a node with a bond. Only two conflicting signed batch headers burn it.
///
/// node id   = keccak256(abi.encode(operator, x, y)): the key of a node id never changes, and nobody can take
///             another's id. A node that has left or was disabled comes back under a new key.
/// proof     = P-256 with SHA-256 over "weft.node.v1" ‖ chain id (uint64) ‖ registry (20 bytes) ‖ operator (20) ‖ node
/// header    = abi.encode(Header), 416 bytes; its P-256 signature is over SHA-256(header).
///             P-256 signatures are r ‖ s (64 bytes); either s is accepted.
interface INodeRegistry {
    /// @param operator The account that registered it and alone may act for it; zero if unknown.
    /// @param registeredBlock The block of its registration.
    /// @param leavingBlock The block in which it said that it leaves; zero otherwise.
    /// @param bond Wei still held.
    /// @param generation Of its log; 1 at registration, one more with every restart.
    /// @param withdrawableAt The second (Unix time) from which a leaving node may withdraw its bond.
    /// @param disabledBlock The block in which equivocation was proven; zero otherwise.
    /// @param x The P-256 public key.
    /// @param y The P-256 public key.
    /// @param peerId libp2p peer id (multihash bytes). Claimed, not proven: batches are judged by the P-256 key.
    /// @param multiaddrs Where it listens for peers.
    /// @param httpAddress Base URL of its RPC.
    struct Node {
        address operator;
        uint48 registeredBlock;
        uint48 leavingBlock;
        uint96 bond;
        uint64 generation;
        uint48 withdrawableAt;
        uint48 disabledBlock;
        bytes32 x;
        bytes32 y;
        bytes peerId;
        string[] multiaddrs;
        string httpAddress;
    }

    /// @notice What a node signs for each batch, see docs/protocol.md.
    /// @param domain keccak256("weft.batch.v1").
    struct Header {
        bytes32 domain;
        uint256 chainId;
        address registry;
        bytes32 node;
        uint64 generation;
        uint32 shard;
        uint64 firstSequence;
        uint32 count;
        uint64 anchorBlock;
        bytes32 anchorHash;
        uint64 timeMs;
        bytes32 previous;
        bytes32 root;
    }

    event NodeRegistered(
        bytes32 indexed node,
        address indexed operator,
        bytes32 x,
        bytes32 y,
        uint256 bond,
        bytes peerId,
        string[] multiaddrs,
        string httpAddress
    );
    event AddressesSet(bytes32 indexed node, bytes peerId, string[] multiaddrs, string httpAddress);
    event NodeRestarted(bytes32 indexed node, uint64 generation);
    event NodeLeaving(bytes32 indexed node, uint48 withdrawableAt);
    event BondWithdrawn(bytes32 indexed node, address indexed operator, uint256 bond);
    /// @notice The node vouches for its log of this generation and shard up to and including `sequence`.
    event Checkpoint(
        bytes32 indexed node, uint32 indexed shard, uint64 generation, uint64 sequence, bytes32 headerHash
    );
    /// @notice `bond` is what was held: `reward` of it went to the reporter, the rest is burned.
    event NodeDisabled(
        bytes32 indexed node,
        address indexed reporter,
        uint256 bond,
        uint256 reward,
        bytes headerA,
        bytes signatureA,
        bytes headerB,
        bytes signatureB
    );

    error BondTooSmall(uint256 required);
    /// @notice The P-256 signature does not fit.
    error BadSignature();
    /// @notice Empty, too long or too many: see the MAX_ constants.
    error BadAddresses();
    error NodeExists(bytes32 node);
    error UnknownNode(bytes32 node);
    error NotOperator(bytes32 node);
    /// @notice The node is leaving or was disabled.
    error NotActive(bytes32 node);
    error NotLeaving(bytes32 node);
    error TooEarly(uint48 withdrawableAt);
    error NothingToWithdraw(bytes32 node);
    error AlreadyDisabled(bytes32 node);
    /// @notice Not two different headers of one node, generation and shard of this registry that overlap.
    error NoConflict();
    error TransferFailed();

    /// @notice Registers a node of the sender.
    /// @param proof Of possession of the P-256 key.
    function register(
        bytes32 x,
        bytes32 y,
        bytes calldata peerId,
        string[] calldata multiaddrs,
        string calldata httpAddress,
        bytes calldata proof
    ) external payable returns (bytes32 node);

    function setAddresses(
        bytes32 node,
        bytes calldata peerId,
        string[] calldata multiaddrs,
        string calldata httpAddress
    ) external;

    /// @notice Opens the next generation of the node's log, as after a lost disk: never sign a sequence twice.
    function restart(bytes32 node) external returns (uint64 generation);

    /// @notice Anchors the node's log on chain.
    /// @param sequence The last one that the header covers.
    /// @param headerHash SHA-256 of the header.
    function checkpoint(bytes32 node, uint32 shard, uint64 sequence, bytes32 headerHash) external;

    /// @notice Starts leaving: final; the bond stays liable for LEAVE_DELAY_SECONDS.
    function startLeaving(bytes32 node) external;

    /// @notice Pays the bond of a node that has left to its operator. Anyone may send it.
    function withdraw(bytes32 node) external;

    /// @notice Two signed headers that contradict each other disable their node and burn its bond.
    function reportEquivocation(
        bytes calldata headerA,
        bytes calldata signatureA,
        bytes calldata headerB,
        bytes calldata signatureB
    ) external;

    function nodes(bytes32 id) external view returns (Node memory);

    /// @notice Registered, not leaving, not disabled.
    function isActive(bytes32 id) external view returns (bool);

    function nodeCount() external view returns (uint256);

    /// @notice Ids in the order of registration, at most `count` from position `from` on.
    function nodeIds(uint256 from, uint256 count) external view returns (bytes32[] memory);

    /// @notice Each node in one word: keccak256(abi.encode(Node)) of its present fields; zero if unknown.
    function nodeWords(bytes32[] calldata ids) external view returns (bytes32[] memory);

    function nodeId(address operator, bytes32 x, bytes32 y) external pure returns (bytes32);

    /// @notice The bytes whose SHA-256 the proof of possession signs.
    function proofMessage(address operator, bytes32 id) external view returns (bytes memory);

    function BOND() external view returns (uint256);

    function LEAVE_DELAY_SECONDS() external view returns (uint48);
}
