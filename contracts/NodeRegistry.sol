// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {ChainBlock} from "./ChainBlock.sol";
import {INodeRegistry} from "./INodeRegistry.sol";
import {P256Signature} from "./P256Signature.sol";

/// @title See {INodeRegistry}
contract NodeRegistry is INodeRegistry, ChainBlock {
    uint256 public constant MAX_MULTIADDRS = 8;
    uint256 public constant MAX_ADDRESS_BYTES = 256;
    uint64 public constant MAX_GENERATION_STEP = 2 ** 32;

    /// @dev The bits of a word.
    uint16 private constant MAX_SHARDS = 256;
    uint256 private constant HEADER_BYTES = 13 * 32;
    bytes32 private constant HEADER_DOMAIN = keccak256("weft.batch.v1");
    /// @dev Less than half, so that reporting oneself does not pay.
    uint256 private constant REPORTER_SHARE_PERCENT = 25;
    address private constant BURN_ADDRESS = 0x000000000000000000000000000000000000dEaD;

    uint256 public immutable BOND;
    uint48 public immutable LEAVE_DELAY_SECONDS;
    uint16 public immutable SHARDS;

    mapping(bytes32 id => Node) private _nodes;
    /// @inheritdoc INodeRegistry
    uint256 public nodeCount;

    constructor(uint256 bond, uint48 leaveDelaySeconds, uint16 shards) {
        if (shards == 0 || shards > MAX_SHARDS) revert BadShards();
        BOND = bond;
        LEAVE_DELAY_SECONDS = leaveDelaySeconds;
        SHARDS = shards;
    }

    /// @inheritdoc INodeRegistry
    function register(
        bytes32 x,
        bytes32 y,
        uint256 shards,
        Addresses calldata addresses,
        bytes calldata proof
    ) external payable returns (bytes32 node) {
        if (msg.value < BOND) revert BondTooSmall(BOND);
        node = nodeId(msg.sender, x, y);
        Node storage entry = _nodes[node];
        if (entry.operator != address(0)) revert NodeExists(node);
        if (!P256Signature.isValid(proofMessage(msg.sender, node), proof, x, y)) revert BadSignature();
        ++nodeCount;
        (entry.operator, entry.registeredBlock) = (msg.sender, _blockNumber());
        (entry.bond, entry.generation) = (SafeCast.toUint96(msg.value), 1);
        (entry.x, entry.y) = (x, y);
        _setShards(entry, shards);
        _setAddresses(entry, addresses);
        emit NodeRegistered(node, msg.sender, x, y, msg.value, shards, addresses);
    }

    /// @inheritdoc INodeRegistry
    function setAddresses(bytes32 node, Addresses calldata addresses) external {
        _setAddresses(_activeNodeOfSender(node), addresses);
        emit AddressesSet(node, addresses);
    }

    /// @inheritdoc INodeRegistry
    function setShards(bytes32 node, uint256 shards) external {
        _setShards(_activeNodeOfSender(node), shards);
        emit ShardsSet(node, shards);
    }

    /// @inheritdoc INodeRegistry
    function restart(bytes32 node, uint64 generation) external {
        Node storage entry = _activeNodeOfSender(node);
        uint64 present = entry.generation;
        if (generation <= present || generation - present > MAX_GENERATION_STEP) revert BadGeneration(present);
        entry.generation = generation;
        emit NodeRestarted(node, generation);
    }

    /// @inheritdoc INodeRegistry
    function checkpoint(bytes32 node, uint32 shard, uint64 sequence, bytes32 headerHash) external {
        if (shard >= SHARDS) revert BadShards();
        emit Checkpoint(node, shard, _activeNodeOfSender(node).generation, sequence, headerHash);
    }

    /// @inheritdoc INodeRegistry
    function startLeaving(bytes32 node) external {
        Node storage entry = _activeNodeOfSender(node);
        entry.leavingBlock = _blockNumber();
        entry.withdrawableAt = uint48(block.timestamp) + LEAVE_DELAY_SECONDS;
        emit NodeLeaving(node, entry.withdrawableAt);
    }

    /// @inheritdoc INodeRegistry
    function withdraw(bytes32 node) external {
        Node storage entry = _nodes[node];
        if (entry.leavingBlock == 0) revert NotLeaving(node);
        if (block.timestamp < entry.withdrawableAt) revert TooEarly(entry.withdrawableAt);
        uint256 bond = _takeBond(entry);
        if (bond == 0) revert NothingToWithdraw(node);
        emit BondWithdrawn(node, entry.operator, bond);
        _pay(entry.operator, bond);
    }

    /// @inheritdoc INodeRegistry
    function drop(bytes32 node) external {
        Node storage entry = _nodes[node];
        if (_isUnknown(entry)) revert UnknownNode(node);
        bool hasLeft = entry.leavingBlock != 0 && block.timestamp >= entry.withdrawableAt && entry.bond == 0;
        if (!hasLeft && entry.disabledBlock == 0) revert NotEnded(node);
        --nodeCount;
        (entry.generation, entry.withdrawableAt, entry.shards) = (0, 0, 0);
        delete entry.x;
        delete entry.y;
        delete entry.addresses;
        emit NodeDropped(node);
    }

    /// @inheritdoc INodeRegistry
    function reportEquivocation(
        bytes calldata headerA,
        bytes calldata signatureA,
        bytes calldata headerB,
        bytes calldata signatureB
    ) external {
        bytes32 node = _conflictingNode(headerA, headerB);
        Node storage entry = _nodes[node];
        if (_isUnknown(entry)) revert UnknownNode(node);
        if (entry.disabledBlock != 0) revert AlreadyDisabled(node);
        if (
            !P256Signature.isValid(headerA, signatureA, entry.x, entry.y)
                || !P256Signature.isValid(headerB, signatureB, entry.x, entry.y)
        ) revert BadSignature();

        entry.disabledBlock = _blockNumber();
        uint256 bond = _takeBond(entry);
        uint256 reward = bond * REPORTER_SHARE_PERCENT / 100;
        emit NodeDisabled(node, msg.sender, bond, reward, headerA, signatureA, headerB, signatureB);
        _pay(BURN_ADDRESS, bond - reward);
        _pay(msg.sender, reward);
    }

    /// @inheritdoc INodeRegistry
    function nodes(bytes32 id) external view returns (Node memory) {
        return _nodes[id];
    }

    /// @inheritdoc INodeRegistry
    function isActive(bytes32 id) external view returns (bool) {
        return _nodes[id].operator != address(0) && _isActive(_nodes[id]);
    }

    /// @inheritdoc INodeRegistry
    function nodeWords(bytes32[] calldata ids) external view returns (bytes32[] memory words) {
        words = new bytes32[](ids.length);
        for (uint256 i = 0; i < ids.length; ++i) {
            Node storage entry = _nodes[ids[i]];
            words[i] = _isUnknown(entry) ? _droppedWord(entry) : keccak256(abi.encode(entry));
        }
    }

    /// @inheritdoc INodeRegistry
    function nodeId(address operator, bytes32 x, bytes32 y) public pure returns (bytes32) {
        return keccak256(abi.encode(operator, x, y));
    }

    /// @inheritdoc INodeRegistry
    function proofMessage(address operator, bytes32 id) public view returns (bytes memory) {
        return abi.encodePacked("weft.node.v1", uint64(block.chainid), address(this), operator, id);
    }

    /// @inheritdoc INodeRegistry
    function peerProofMessage(bytes32 id) external view returns (bytes memory) {
        return abi.encodePacked("weft.peer.v1", uint64(block.chainid), address(this), id);
    }

    function _activeNodeOfSender(bytes32 node) private view returns (Node storage entry) {
        entry = _nodes[node];
        if (entry.operator == address(0)) revert UnknownNode(node);
        if (entry.operator != msg.sender) revert NotOperator(node);
        if (!_isActive(entry)) revert NotActive(node);
    }

    /// @dev Never registered, or dropped: every other record has shards.
    function _isUnknown(Node storage entry) private view returns (bool) {
        return entry.shards == 0;
    }

    function _isActive(Node storage entry) private view returns (bool) {
        return entry.leavingBlock == 0 && entry.disabledBlock == 0;
    }

    function _droppedWord(Node storage entry) private view returns (bytes32) {
        uint256 blocks = uint256(entry.leavingBlock) << 48 | uint256(entry.disabledBlock) << 96;
        return bytes32(entry.registeredBlock | blocks);
    }

    function _setShards(Node storage entry, uint256 shards) private {
        if (shards == 0 || (SHARDS < MAX_SHARDS && shards >> SHARDS != 0)) revert BadShards();
        entry.shards = shards;
    }

    function _setAddresses(Node storage entry, Addresses calldata addresses) private {
        string[] calldata multiaddrs = addresses.multiaddrs;
        bool fits = addresses.peerKey != 0 && _fits(bytes(addresses.httpAddress), MAX_ADDRESS_BYTES)
            && multiaddrs.length > 0 && multiaddrs.length <= MAX_MULTIADDRS;
        for (uint256 i = 0; fits && i < multiaddrs.length; ++i) {
            fits = _fits(bytes(multiaddrs[i]), MAX_ADDRESS_BYTES);
        }
        if (!fits) revert BadAddresses();
        entry.addresses = addresses;
    }

    function _fits(bytes calldata text, uint256 maxBytes) private pure returns (bool) {
        return text.length > 0 && text.length <= maxBytes;
    }

    /// @dev Reverts unless the headers contradict each other: see {INodeRegistry-NoConflict}.
    function _conflictingNode(bytes calldata headerA, bytes calldata headerB) private view returns (bytes32) {
        if (headerA.length != HEADER_BYTES || headerB.length != HEADER_BYTES) revert NoConflict();
        Header memory a = abi.decode(headerA, (Header));
        Header memory b = abi.decode(headerB, (Header));
        bool ours = _isOurs(a) && _isOurs(b);
        bool sameLog = a.node == b.node && a.generation == b.generation && a.shard == b.shard;
        bool overlap = Math.max(a.firstSequence, b.firstSequence)
            < Math.min(uint256(a.firstSequence) + a.count, uint256(b.firstSequence) + b.count);
        if (!ours || !sameLog || !overlap || keccak256(headerA) == keccak256(headerB)) revert NoConflict();
        return a.node;
    }

    function _isOurs(Header memory header) private view returns (bool) {
        return header.domain == HEADER_DOMAIN && header.chainId == block.chainid && header.registry == address(this);
    }

    function _takeBond(Node storage entry) private returns (uint256 bond) {
        bond = entry.bond;
        entry.bond = 0;
    }

    function _pay(address to, uint256 amount) private {
        (bool success,) = to.call{value: amount}("");
        if (!success) revert TransferFailed();
    }
}
