// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {ChainBlock} from "./ChainBlock.sol";
import {ICommitLog} from "./ICommitLog.sol";

/// @title See {ICommitLog}
contract CommitLog is ICommitLog, EIP712("Weft CommitLog", "2"), ChainBlock {
    /// @dev Sequencers refuse larger transactions.
    uint256 public constant MAX_PAYLOAD_BYTES = 84_000;

    bytes32 private constant APPEND_TYPEHASH =
        keccak256("Append(bytes32 group,bytes32 parent,uint24 limit,address authority,bytes32 payloadHash)");

    mapping(bytes32 group => mapping(bytes32 id => Entry)) private _entries;

    /// @inheritdoc ICommitLog
    function append(
        bytes32 group,
        bytes32 parent,
        uint24 limit,
        address authority,
        bytes calldata payload,
        bytes calldata signature
    ) external returns (bytes32) {
        (bytes32 id, bytes memory refusal) = _append(group, parent, limit, authority, payload, signature);
        if (refusal.length > 0) {
            assembly ("memory-safe") {
                revert(add(refusal, 0x20), mload(refusal))
            }
        }
        return id;
    }

    /// @inheritdoc ICommitLog
    function appendMany(Append[] calldata appends) external returns (Result[] memory results) {
        results = new Result[](appends.length);
        for (uint256 i = 0; i < appends.length; ++i) {
            Append calldata a = appends[i];
            (bytes32 id, bytes memory refusal) =
                _append(a.group, a.parent, a.limit, a.authority, a.payload, a.signature);
            if (refusal.length > 0) emit Refused(a.group, id, refusal);
            results[i] = Result(id, refusal);
        }
    }

    /// @inheritdoc ICommitLog
    function entries(bytes32 group, bytes32 id) external view returns (Entry memory) {
        return _entries[group][id];
    }

    /// @inheritdoc ICommitLog
    function children(bytes32 group, bytes32 id) external view returns (uint24) {
        return _entries[group][id].children;
    }

    /// @inheritdoc ICommitLog
    function entryWords(bytes32[] calldata groups, bytes32[] calldata ids)
        external
        view
        returns (bytes32[] memory words)
    {
        if (groups.length != ids.length) revert LengthMismatch();
        words = new bytes32[](ids.length);
        for (uint256 i = 0; i < ids.length; ++i) {
            Entry storage entry = _entries[groups[i]][ids[i]];
            bytes32 word;
            assembly ("memory-safe") {
                word := sload(entry.slot) // an entry is one slot, its first field in the lowest bits
            }
            words[i] = word;
        }
    }

    /// @dev Writes nothing unless `refusal` is empty. `Exists` comes before `Stale`: whoever sends an entry twice must
    /// learn that it landed, not that its own child is in the way.
    function _append(
        bytes32 group,
        bytes32 parent,
        uint24 limit,
        address authority,
        bytes calldata payload,
        bytes calldata signature
    ) private returns (bytes32 id, bytes memory refusal) {
        bytes32 payloadHash = keccak256(payload);
        id = keccak256(abi.encode(group, parent, authority, payloadHash));
        mapping(bytes32 => Entry) storage tree = _entries[group];

        if (payload.length > MAX_PAYLOAD_BYTES) return (id, abi.encodeWithSelector(TooLarge.selector));
        if (authority == address(0)) return (id, abi.encodeWithSelector(ZeroAuthority.selector));
        if (tree[id].authority != address(0)) return (id, abi.encodeWithSelector(Exists.selector, id));

        Entry memory above = tree[parent];
        if (parent != group && above.authority == address(0)) {
            return (id, abi.encodeWithSelector(UnknownParent.selector));
        }
        if (above.children > limit) return (id, abi.encodeWithSelector(Stale.selector, above.children));
        if (above.children == type(uint24).max) return (id, abi.encodeWithSelector(Full.selector));

        (address signer, ECDSA.RecoverError failure,) = ECDSA.tryRecoverCalldata(
            _hashTypedDataV4(keccak256(abi.encode(APPEND_TYPEHASH, group, parent, limit, authority, payloadHash))),
            signature
        );
        bool entitled = parent == group ? keccak256(abi.encode(signer)) == group : signer == above.authority;
        if (failure != ECDSA.RecoverError.NoError || !entitled) {
            return (id, abi.encodeWithSelector(BadSignature.selector));
        }

        tree[parent].children = above.children + 1;
        tree[id] = Entry(authority, _blockNumber(), above.children, 0);
        emit Appended(group, id, parent, above.children, authority, payload);
    }
}
