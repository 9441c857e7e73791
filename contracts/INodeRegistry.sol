// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title Nodes: permissionless, bonded, without an owner
/// @notice Anyone may register a node with a bond. Only two conflicting signed batch headers burn it.
///
/// node id   = keccak256(abi.encode(operator, x, y)): the key of a node id never changes, and nobody can take
///             another's id. A node that has left or was disabled comes back under a new key.
/// proof     = P-256 with SHA-256 over "weft.node.v1" ‖ chain id (uint64) ‖ registry (20 bytes) ‖ operator (20) ‖ node
/// peerProof = Ed25519 by the peer key over "weft.peer.v1" ‖ chain id (uint64) ‖ registry (20 bytes) ‖ node: the peer
///             belongs to this node and no other. No contract can check that; nodes and clients do, and a peer key
///             whose proof does not fit is nobody's.
/// shards    = bit n is set if the node serves shard n
/// header    = abi.encode(Header), 416 bytes; its P-256 signature is over SHA-256(header).
///             P-256 signatures are r ‖ s (64 bytes); either s is accepted.
interface INodeRegistry {
    /// @param peerKey Ed25519, 32 bytes; the libp2p peer id is 0x002408011220 ‖ peerKey.
    /// @param peerProof R and S of the peer key's signature, see above.
    /// @param multiaddrs Where it listens for peers.
    /// @param httpAddress Base URL of its RPC.
    struct Addresses {
        bytes32 peerKey;
        bytes32[2] peerProof;
        string[] multiaddrs;
        string httpAddress;
    }

    /// @param operator The account that registered it and alone may act for it; zero if unknown.
    /// @param registeredBlock The block of its registration.
    /// @param leavingBlock The block in which it said that it leaves; zero otherwise.
    /// @param bond Wei still held.
    /// @param generation Of its log; 1 at registration, a higher one with every restart.
    /// @param withdrawableAt The second (Unix time) from which a leaving node may withdraw its bond.
    /// @param disabledBlock The block in which equivocation was proven; zero otherwise.
    /// @param shards See above; zero if its record was dropped, of which operator and blocks are left.
    /// @param x The P-256 public key.
    /// @param y The P-256 public key.
    struct Node {
        address operator;
        uint48 registeredBlock;
        uint48 leavingBlock;
        uint96 bond;
        uint64 generation;
        uint48 withdrawableAt;
        uint48 disabledBlock;
        uint256 shards;
        bytes32 x;
        bytes32 y;
        Addresses addresses;
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
        uint256 shards,
        Addresses addresses
    );
    event AddressesSet(bytes32 indexed node, Addresses addresses);
    event ShardsSet(bytes32 indexed node, uint256 shards);
    event NodeRestarted(bytes32 indexed node, uint64 generation);
    event NodeLeaving(bytes32 indexed node, uint48 withdrawableAt);
    event BondWithdrawn(bytes32 indexed node, address indexed operator, uint256 bond);
    /// @notice Its record takes no room any more.
    event NodeDropped(bytes32 indexed node);
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
    /// @notice None, or one that the network does not have: see SHARDS.
    error BadShards();
    /// @notice A new generation lies above the present one, and not too far.
    error BadGeneration(uint64 present);
    error NodeExists(bytes32 node);
    /// @notice It never registered, or its record was dropped.
    error UnknownNode(bytes32 node);
    error NotOperator(bytes32 node);
    /// @notice The node is leaving or was disabled.
    error NotActive(bytes32 node);
    error NotLeaving(bytes32 node);
    error TooEarly(uint48 withdrawableAt);
    error NothingToWithdraw(bytes32 node);
    error AlreadyDisabled(bytes32 node);
    /// @notice It takes part, or its bond is still liable.
    error NotEnded(bytes32 node);
    /// @notice Not two different headers of one node, generation and shard of this registry that overlap.
    error NoConflict();
    error TransferFailed();

    /// @notice Registers a node of the sender.
    /// @param proof Of possession of the P-256 key.
    function register(
        bytes32 x,
        bytes32 y,
        uint256 shards,
        Addresses calldata addresses,
        bytes calldata proof
    ) external payable returns (bytes32 node);

    function setAddresses(bytes32 node, Addresses calldata addresses) external;

    function setShards(bytes32 node, uint256 shards) external;

    /// @notice Opens another generation of the node's log, as after a lost disk: never sign a sequence twice.
    /// @param generation Above the present one, by at most MAX_GENERATION_STEP, else drawn at random: so two who act for
    ///        one node, or one whose restart a reorganization took, never open the same by chance.
    function restart(bytes32 node, uint64 generation) external;

    /// @notice Anchors the node's log on chain.
    /// @param sequence The last one that the header covers.
    /// @param headerHash SHA-256 of the header.
    function checkpoint(bytes32 node, uint32 shard, uint64 sequence, bytes32 headerHash) external;

    /// @notice Starts leaving: final; the bond stays liable for LEAVE_DELAY_SECONDS.
    function startLeaving(bytes32 node) external;

    /// @notice Pays the bond of a node that has left to its operator. Anyone may send it.
    function withdraw(bytes32 node) external;

    /// @notice Frees the room of a node that was disabled, or has left and taken its bond. Anyone may send it. Its id
    ///         never comes back; whoever needs its key checks it by the id.
    function drop(bytes32 node) external;

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

    /// @notice Nodes whose record was not dropped; the events tell which these are.
    function nodeCount() external view returns (uint256);

    /// @notice Each node in one word: keccak256(abi.encode(Node)) of its present fields; zero if unknown. Of a record that
    ///         was dropped: registeredBlock | leavingBlock << 48 | disabledBlock << 96.
    function nodeWords(bytes32[] calldata ids) external view returns (bytes32[] memory);

    function nodeId(address operator, bytes32 x, bytes32 y) external pure returns (bytes32);

    /// @notice The bytes whose SHA-256 the proof of possession signs.
    function proofMessage(address operator, bytes32 id) external view returns (bytes memory);

    /// @notice The bytes that the proof of the peer key signs.
    function peerProofMessage(bytes32 id) external view returns (bytes memory);

    /// @notice How many shards the network has: at most 256.
    function SHARDS() external view returns (uint16);

    function BOND() external view returns (uint256);

    function LEAVE_DELAY_SECONDS() external view returns (uint48);
}
