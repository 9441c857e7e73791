// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";
import {ChainBlock} from "./ChainBlock.sol";
import {IIdentityRegistry} from "./IIdentityRegistry.sol";
import {WalletSignature} from "./WalletSignature.sol";

/// @title See {IIdentityRegistry}
contract IdentityRegistry is IIdentityRegistry, EIP712("Weft IdentityRegistry", "2"), ChainBlock {
    uint16 public constant MAX_ACTIVE_INSTALLATIONS = 32;
    uint16 public constant MAX_HISTORY_STEPS = 1024;
    uint256 private constant ED25519_SIGNATURE_BYTES = 64;
    uint256 private constant STEP_COUNT_MASK = type(uint16).max;

    uint256 private constant REGISTER = 1;
    uint256 private constant ADD_INSTALLATION = 2;
    uint256 private constant REVOKE_INSTALLATION = 3;
    uint256 private constant LINK_WALLET = 4;
    uint256 private constant UNLINK_WALLET = 5;
    uint256 private constant SET_RECOVERY = 6;
    uint256 private constant VETO_RECOVERY = 7;

    bytes32 private constant ADD_INSTALLATION_TYPEHASH = keccak256(
        "AddInstallation(bytes32 inbox,bytes32 installation,bytes32 installationSignatureHash,address wallet,uint256 nonce,uint256 deadline)"
    );
    bytes32 private constant REVOKE_INSTALLATION_TYPEHASH =
        keccak256("RevokeInstallation(bytes32 inbox,bytes32 installation,address by)");
    bytes32 private constant LINK_WALLET_TYPEHASH =
        keccak256("LinkWallet(bytes32 inbox,address wallet,address by,uint256 nonce,uint256 deadline)");
    bytes32 private constant ACCEPT_LINK_TYPEHASH =
        keccak256("AcceptLink(bytes32 inbox,address wallet,address by,uint256 nonce,uint256 deadline)");
    bytes32 private constant UNLINK_WALLET_TYPEHASH =
        keccak256("UnlinkWallet(bytes32 inbox,address wallet,address by,uint256 nonce,uint256 deadline)");
    bytes32 private constant SET_RECOVERY_TYPEHASH =
        keccak256("SetRecovery(bytes32 inbox,address recovery,address by,uint256 nonce,uint256 deadline)");
    bytes32 private constant VETO_RECOVERY_TYPEHASH =
        keccak256("VetoRecovery(bytes32 inbox,address recovery,address by,uint256 nonce,uint256 deadline)");

    uint48 public immutable RECOVERY_DELAY_SECONDS;

    /// @dev A wallet and its nonce, in two slots.
    struct Signer {
        bytes32 inbox;
        uint48 linkedBlock;
        uint48 unlinkedBlock;
        uint160 nonce;
    }

    /// @dev An inbox in two slots, and the running hash of its steps in a third: its lowest 16 bits count them.
    struct State {
        Inbox inbox;
        bytes32 word;
    }

    mapping(bytes32 id => State) private _states;
    mapping(address account => Signer) private _signers;
    mapping(bytes32 inbox => mapping(bytes32 key => Installation)) private _installations;

    constructor(uint48 recoveryDelaySeconds) {
        RECOVERY_DELAY_SECONDS = recoveryDelaySeconds;
    }

    /// @inheritdoc IIdentityRegistry
    function register(
        bytes32 salt,
        bytes32 installation,
        bytes calldata installationSignature,
        Authorization calldata wallet
    ) external returns (bytes32 inbox) {
        inbox = inboxId(wallet.signer, salt);
        State storage state = _states[inbox];
        Inbox storage entry = state.inbox;
        if (entry.createdBlock != 0) revert InboxExists(inbox);
        _link(inbox, wallet.signer);
        (entry.recovery, entry.createdBlock) = (wallet.signer, _blockNumber());
        emit InboxRegistered(inbox, wallet.signer, salt);
        bytes32 consent = _addInstallation(entry, inbox, installation, installationSignature, wallet);
        _extend(state, inbox, REGISTER, consent);
    }

    /// @inheritdoc IIdentityRegistry
    function addInstallation(
        bytes32 inbox,
        bytes32 installation,
        bytes calldata installationSignature,
        Authorization calldata wallet
    ) external {
        if (inboxOf(wallet.signer) != inbox) revert NotLinked(wallet.signer);
        State storage state = _states[inbox];
        bytes32 consent = _addInstallation(state.inbox, inbox, installation, installationSignature, wallet);
        _extend(state, inbox, ADD_INSTALLATION, consent);
    }

    /// @inheritdoc IIdentityRegistry
    function revokeInstallation(bytes32 inbox, bytes32 installation, address by, bytes calldata signature) external {
        Installation storage entry = _installations[inbox][installation];
        if (entry.addedBy == address(0)) revert UnknownInstallation(inbox, installation);
        State storage state = _states[inbox];
        if (by != entry.addedBy && by != _recoveryOf(state.inbox)) revert NotAllowed(by);
        bytes32 structHash = keccak256(abi.encode(REVOKE_INSTALLATION_TYPEHASH, inbox, installation, by));
        bytes32 consent = _checkSignature(by, structHash, signature);
        if (entry.revokedBlock != 0) return;
        entry.revokedBlock = _blockNumber();
        state.inbox.activeInstallations -= 1;
        emit InstallationRevoked(inbox, installation, by, signature);
        _extend(state, inbox, REVOKE_INSTALLATION, consent);
    }

    /// @inheritdoc IIdentityRegistry
    function linkWallet(bytes32 inbox, Authorization calldata by, Authorization calldata wallet) external {
        if (inboxOf(by.signer) != inbox) revert NotLinked(by.signer);
        _link(inbox, wallet.signer);
        bytes32 linked = _authorize(LINK_WALLET_TYPEHASH, inbox, wallet.signer, by.signer, by);
        bytes32 accepted = _authorize(ACCEPT_LINK_TYPEHASH, inbox, wallet.signer, by.signer, wallet);
        emit WalletLinked(
            inbox,
            wallet.signer,
            by.signer,
            wallet.nonce,
            wallet.deadline,
            wallet.signature,
            by.nonce,
            by.deadline,
            by.signature
        );
        _extend(_states[inbox], inbox, LINK_WALLET, Hashes.efficientKeccak256(linked, accepted));
    }

    /// @inheritdoc IIdentityRegistry
    function unlinkWallet(bytes32 inbox, address wallet, Authorization calldata by) external {
        if (inboxOf(wallet) != inbox) revert NotLinked(wallet);
        State storage state = _states[inbox];
        if (by.signer != wallet && by.signer != _recoveryOf(state.inbox)) revert NotAllowed(by.signer);
        bytes32 consent = _authorize(UNLINK_WALLET_TYPEHASH, inbox, wallet, by.signer, by);
        _signers[wallet].unlinkedBlock = _blockNumber();
        emit WalletUnlinked(inbox, wallet, by.signer, by.nonce, by.deadline, by.signature);
        _extend(state, inbox, UNLINK_WALLET, consent);
    }

    /// @inheritdoc IIdentityRegistry
    function setRecovery(bytes32 inbox, address newRecovery, Authorization calldata by) external {
        if (newRecovery == address(0)) revert ZeroRecovery();
        State storage state = _states[inbox];
        Inbox storage entry = state.inbox;
        if (entry.createdBlock == 0) revert UnknownInbox(inbox);
        address current = _recoveryOf(entry);
        if (by.signer != current && inboxOf(by.signer) != inbox) revert NotAllowed(by.signer);
        bytes32 consent = _authorize(SET_RECOVERY_TYPEHASH, inbox, newRecovery, by.signer, by);
        uint48 changesAt = uint48(block.timestamp) + RECOVERY_DELAY_SECONDS;
        entry.recovery = current;
        entry.pendingRecovery = newRecovery;
        entry.recoveryChangesAt = changesAt;
        emit RecoveryProposed(inbox, newRecovery, by.signer, changesAt, by.nonce, by.deadline, by.signature);
        _extend(state, inbox, SET_RECOVERY, Hashes.efficientKeccak256(consent, bytes32(uint256(changesAt))));
    }

    /// @inheritdoc IIdentityRegistry
    function vetoRecovery(bytes32 inbox, address newRecovery, Authorization calldata by) external {
        State storage state = _states[inbox];
        Inbox storage entry = state.inbox;
        if (newRecovery == address(0) || inboxes(inbox).pendingRecovery != newRecovery) revert NothingPending();
        if (by.signer != entry.recovery) revert NotAllowed(by.signer);
        bytes32 consent = _authorize(VETO_RECOVERY_TYPEHASH, inbox, newRecovery, by.signer, by);
        entry.pendingRecovery = address(0);
        entry.recoveryChangesAt = 0;
        emit RecoveryVetoed(inbox, newRecovery, by.signer, by.nonce, by.deadline, by.signature);
        _extend(state, inbox, VETO_RECOVERY, consent);
    }

    /// @inheritdoc IIdentityRegistry
    function installations(bytes32 inbox, bytes32 key) external view returns (Installation memory) {
        return _installations[inbox][key];
    }

    /// @inheritdoc IIdentityRegistry
    function wallets(address account) external view returns (Wallet memory) {
        Signer storage entry = _signers[account];
        return Wallet(entry.inbox, entry.linkedBlock, entry.unlinkedBlock);
    }

    /// @inheritdoc IIdentityRegistry
    function activeInstallations(bytes32 id) external view returns (uint16) {
        return _states[id].inbox.activeInstallations;
    }

    /// @inheritdoc IIdentityRegistry
    function nonces(address signer) external view returns (uint256) {
        return _signers[signer].nonce;
    }

    /// @inheritdoc IIdentityRegistry
    function historyWords(bytes32[] calldata ids) external view returns (bytes32[] memory words) {
        words = new bytes32[](ids.length);
        for (uint256 i = 0; i < ids.length; ++i) {
            words[i] = _states[ids[i]].word;
        }
    }

    /// @inheritdoc IIdentityRegistry
    function inboxesOf(address[] calldata accounts) external view returns (bytes32[] memory linked) {
        linked = new bytes32[](accounts.length);
        for (uint256 i = 0; i < accounts.length; ++i) {
            linked[i] = inboxOf(accounts[i]);
        }
    }

    /// @inheritdoc IIdentityRegistry
    function inboxes(bytes32 id) public view returns (Inbox memory entry) {
        entry = _states[id].inbox;
        if (entry.pendingRecovery != address(0) && block.timestamp >= entry.recoveryChangesAt) {
            (entry.recovery, entry.pendingRecovery, entry.recoveryChangesAt) = (entry.pendingRecovery, address(0), 0);
        }
    }

    /// @inheritdoc IIdentityRegistry
    function recoveryOf(bytes32 id) public view returns (address) {
        return _recoveryOf(_states[id].inbox);
    }

    /// @inheritdoc IIdentityRegistry
    function inboxOf(address account) public view returns (bytes32) {
        return _inboxOf(_signers[account]);
    }

    /// @inheritdoc IIdentityRegistry
    function inboxId(address firstWallet, bytes32 salt) public pure returns (bytes32) {
        return keccak256(abi.encode(firstWallet, salt));
    }

    /// @inheritdoc IIdentityRegistry
    function installationMessage(bytes32 id) external view returns (bytes memory) {
        return abi.encodePacked("weft.installation.v1", uint64(block.chainid), address(this), id);
    }

    function _inboxOf(Signer storage entry) private view returns (bytes32) {
        return entry.unlinkedBlock == 0 ? entry.inbox : bytes32(0);
    }

    function _recoveryOf(Inbox storage entry) private view returns (address) {
        address pending = entry.pendingRecovery;
        return pending != address(0) && block.timestamp >= entry.recoveryChangesAt ? pending : entry.recovery;
    }

    function _link(bytes32 inbox, address wallet) private {
        Signer storage entry = _signers[wallet];
        bytes32 current = _inboxOf(entry);
        if (current != bytes32(0)) revert AlreadyLinked(wallet, current);
        entry.inbox = inbox;
        (entry.linkedBlock, entry.unlinkedBlock) = (_blockNumber(), 0);
    }

    function _addInstallation(
        Inbox storage owner,
        bytes32 inbox,
        bytes32 installation,
        bytes calldata installationSignature,
        Authorization calldata wallet
    ) private returns (bytes32 consent) {
        if (installation == bytes32(0)) revert ZeroInstallation();
        if (installationSignature.length != ED25519_SIGNATURE_BYTES) revert BadInstallationSignature();
        Installation storage entry = _installations[inbox][installation];
        if (entry.revokedBlock != 0) revert KeyRevoked(inbox, installation);
        if (entry.addedBy != address(0)) revert InstallationExists(inbox, installation);
        uint16 active = owner.activeInstallations;
        if (active == MAX_ACTIVE_INSTALLATIONS) revert TooManyInstallations();
        bytes32 structHash = keccak256(
            abi.encode(
                ADD_INSTALLATION_TYPEHASH,
                inbox,
                installation,
                keccak256(installationSignature),
                wallet.signer,
                wallet.nonce,
                wallet.deadline
            )
        );
        consent = _useAuthorization(wallet, structHash);
        owner.activeInstallations = active + 1;
        (entry.addedBy, entry.addedBlock) = (wallet.signer, _blockNumber());
        emit InstallationAdded(
            inbox,
            installation,
            wallet.signer,
            wallet.nonce,
            wallet.deadline,
            installationSignature,
            wallet.signature
        );
    }

    /// @dev Appends a step to the inbox's history. Revocations are taken beyond the limit: nobody may lose that right.
    function _extend(State storage state, bytes32 inbox, uint256 kind, bytes32 consent) private {
        bytes32 word = state.word;
        uint256 count = uint256(word) & STEP_COUNT_MASK;
        if (count >= MAX_HISTORY_STEPS && kind != REVOKE_INSTALLATION) revert HistoryFull(inbox);
        bytes32 place = bytes32((kind << 128) | (uint256(_blockNumber()) << 64) | uint64(block.timestamp));
        bytes32 step = Hashes.efficientKeccak256(consent, place);
        uint256 hash = uint256(Hashes.efficientKeccak256(word, step));
        state.word = bytes32((hash & ~STEP_COUNT_MASK) | (count + 1));
    }

    /// @dev For the message types that have an inbox and two accounts.
    function _authorize(
        bytes32 typeHash,
        bytes32 inbox,
        address subject,
        address by,
        Authorization calldata authorization
    ) private returns (bytes32) {
        bytes32 structHash =
            keccak256(abi.encode(typeHash, inbox, subject, by, authorization.nonce, authorization.deadline));
        return _useAuthorization(authorization, structHash);
    }

    function _useAuthorization(Authorization calldata authorization, bytes32 structHash) private returns (bytes32) {
        address signer = authorization.signer;
        if (block.timestamp > authorization.deadline) revert Expired(authorization.deadline);
        Signer storage entry = _signers[signer];
        uint160 nonce = entry.nonce;
        if (authorization.nonce != nonce) revert BadNonce(signer, nonce);
        entry.nonce = nonce + 1;
        return _checkSignature(signer, structHash, authorization.signature);
    }

    /// @return What stands for the signed message and its signature in the history.
    function _checkSignature(address signer, bytes32 structHash, bytes calldata signature)
        private
        view
        returns (bytes32)
    {
        if (!WalletSignature.isValid(signer, _hashTypedDataV4(structHash), signature)) revert BadSignature(signer);
        return Hashes.efficientKeccak256(structHash, keccak256(signature));
    }
}
