// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {ChainBlock} from "./ChainBlock.sol";
import {IIdentityRegistry} from "./IIdentityRegistry.sol";
import {WalletSignature} from "./WalletSignature.sol";

/// @title See {IIdentityRegistry}
contract IdentityRegistry is IIdentityRegistry, EIP712("Weft IdentityRegistry", "1"), ChainBlock {
    uint16 public constant MAX_ACTIVE_INSTALLATIONS = 32;
    uint256 private constant ED25519_SIGNATURE_BYTES = 64;

    bytes32 private constant ADD_INSTALLATION_TYPEHASH = keccak256(
        "AddInstallation(bytes32 inbox,bytes32 installation,address wallet,uint256 nonce,uint256 deadline)"
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

    mapping(bytes32 id => Inbox) private _inboxes;
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
        if (_inboxes[inbox].createdBlock != 0) revert InboxExists(inbox);
        _link(inbox, wallet.signer);
        _inboxes[inbox].recovery = wallet.signer;
        _inboxes[inbox].createdBlock = _blockNumber();
        emit InboxRegistered(inbox, wallet.signer, salt);
        _addInstallation(inbox, installation, installationSignature, wallet);
    }

    /// @inheritdoc IIdentityRegistry
    function addInstallation(
        bytes32 inbox,
        bytes32 installation,
        bytes calldata installationSignature,
        Authorization calldata wallet
    ) external {
        if (inboxOf(wallet.signer) != inbox) revert NotLinked(wallet.signer);
        _addInstallation(inbox, installation, installationSignature, wallet);
    }

    /// @inheritdoc IIdentityRegistry
    function revokeInstallation(bytes32 inbox, bytes32 installation, address by, bytes calldata signature) external {
        Installation storage entry = _installations[inbox][installation];
        if (entry.addedBy == address(0)) revert UnknownInstallation(inbox, installation);
        if (by != entry.addedBy && by != recoveryOf(inbox)) revert NotAllowed(by);
        _checkSignature(by, keccak256(abi.encode(REVOKE_INSTALLATION_TYPEHASH, inbox, installation, by)), signature);
        if (entry.revokedBlock != 0) return;
        entry.revokedBlock = _blockNumber();
        _inboxes[inbox].activeInstallations -= 1;
        emit InstallationRevoked(inbox, installation, by, signature);
    }

    /// @inheritdoc IIdentityRegistry
    function linkWallet(bytes32 inbox, Authorization calldata by, Authorization calldata wallet) external {
        if (inboxOf(by.signer) != inbox) revert NotLinked(by.signer);
        _link(inbox, wallet.signer);
        _authorize(LINK_WALLET_TYPEHASH, inbox, wallet.signer, by.signer, by);
        _authorize(ACCEPT_LINK_TYPEHASH, inbox, wallet.signer, by.signer, wallet);
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
    }

    /// @inheritdoc IIdentityRegistry
    function unlinkWallet(bytes32 inbox, address wallet, Authorization calldata by) external {
        if (inboxOf(wallet) != inbox) revert NotLinked(wallet);
        if (by.signer != wallet && by.signer != recoveryOf(inbox)) revert NotAllowed(by.signer);
        _authorize(UNLINK_WALLET_TYPEHASH, inbox, wallet, by.signer, by);
        _signers[wallet].unlinkedBlock = _blockNumber();
        emit WalletUnlinked(inbox, wallet, by.signer, by.nonce, by.deadline, by.signature);
    }

    /// @inheritdoc IIdentityRegistry
    function setRecovery(bytes32 inbox, address newRecovery, Authorization calldata by) external {
        if (newRecovery == address(0)) revert ZeroRecovery();
        if (_inboxes[inbox].createdBlock == 0) revert UnknownInbox(inbox);
        address current = recoveryOf(inbox);
        if (by.signer != current && inboxOf(by.signer) != inbox) revert NotAllowed(by.signer);
        _authorize(SET_RECOVERY_TYPEHASH, inbox, newRecovery, by.signer, by);
        uint48 changesAt = uint48(block.timestamp) + RECOVERY_DELAY_SECONDS;
        Inbox storage entry = _inboxes[inbox];
        entry.recovery = current;
        entry.pendingRecovery = newRecovery;
        entry.recoveryChangesAt = changesAt;
        emit RecoveryProposed(inbox, newRecovery, by.signer, changesAt, by.nonce, by.deadline, by.signature);
    }

    /// @inheritdoc IIdentityRegistry
    function vetoRecovery(bytes32 inbox, address newRecovery, Authorization calldata by) external {
        Inbox storage entry = _inboxes[inbox];
        if (newRecovery == address(0) || inboxes(inbox).pendingRecovery != newRecovery) revert NothingPending();
        if (by.signer != entry.recovery) revert NotAllowed(by.signer);
        _authorize(VETO_RECOVERY_TYPEHASH, inbox, newRecovery, by.signer, by);
        entry.pendingRecovery = address(0);
        entry.recoveryChangesAt = 0;
        emit RecoveryVetoed(inbox, newRecovery, by.signer, by.nonce, by.deadline, by.signature);
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
        return _inboxes[id].activeInstallations;
    }

    /// @inheritdoc IIdentityRegistry
    function nonces(address signer) external view returns (uint256) {
        return _signers[signer].nonce;
    }

    /// @inheritdoc IIdentityRegistry
    function inboxes(bytes32 id) public view returns (Inbox memory entry) {
        entry = _inboxes[id];
        if (entry.pendingRecovery != address(0) && block.timestamp >= entry.recoveryChangesAt) {
            (entry.recovery, entry.pendingRecovery, entry.recoveryChangesAt) = (entry.pendingRecovery, address(0), 0);
        }
    }

    /// @inheritdoc IIdentityRegistry
    function recoveryOf(bytes32 id) public view returns (address) {
        return inboxes(id).recovery;
    }

    /// @inheritdoc IIdentityRegistry
    function inboxOf(address account) public view returns (bytes32) {
        Signer storage entry = _signers[account];
        return entry.unlinkedBlock == 0 ? entry.inbox : bytes32(0);
    }

    /// @inheritdoc IIdentityRegistry
    function inboxId(address firstWallet, bytes32 salt) public pure returns (bytes32) {
        return keccak256(abi.encode(firstWallet, salt));
    }

    /// @inheritdoc IIdentityRegistry
    function installationMessage(bytes32 id) external view returns (bytes memory) {
        return abi.encodePacked("weft.installation.v1", uint64(block.chainid), address(this), id);
    }

    function _link(bytes32 inbox, address wallet) private {
        bytes32 current = inboxOf(wallet);
        if (current != bytes32(0)) revert AlreadyLinked(wallet, current);
        Signer storage entry = _signers[wallet];
        entry.inbox = inbox;
        entry.linkedBlock = _blockNumber();
        entry.unlinkedBlock = 0;
    }

    function _addInstallation(
        bytes32 inbox,
        bytes32 installation,
        bytes calldata installationSignature,
        Authorization calldata wallet
    ) private {
        if (installation == bytes32(0)) revert ZeroInstallation();
        if (installationSignature.length != ED25519_SIGNATURE_BYTES) revert BadInstallationSignature();
        Installation storage entry = _installations[inbox][installation];
        if (entry.revokedBlock != 0) revert KeyRevoked(inbox, installation);
        if (entry.addedBy != address(0)) revert InstallationExists(inbox, installation);
        if (_inboxes[inbox].activeInstallations == MAX_ACTIVE_INSTALLATIONS) revert TooManyInstallations();
        bytes32 structHash = keccak256(
            abi.encode(ADD_INSTALLATION_TYPEHASH, inbox, installation, wallet.signer, wallet.nonce, wallet.deadline)
        );
        _useAuthorization(wallet, structHash);
        _inboxes[inbox].activeInstallations += 1;
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

    /// @dev For the message types that have an inbox and two accounts.
    function _authorize(
        bytes32 typeHash,
        bytes32 inbox,
        address subject,
        address by,
        Authorization calldata authorization
    ) private {
        bytes32 structHash =
            keccak256(abi.encode(typeHash, inbox, subject, by, authorization.nonce, authorization.deadline));
        _useAuthorization(authorization, structHash);
    }

    function _useAuthorization(Authorization calldata authorization, bytes32 structHash) private {
        address signer = authorization.signer;
        if (block.timestamp > authorization.deadline) revert Expired(authorization.deadline);
        uint160 nonce = _signers[signer].nonce;
        if (authorization.nonce != nonce) revert BadNonce(signer, nonce);
        _signers[signer].nonce = nonce + 1;
        _checkSignature(signer, structHash, authorization.signature);
    }

    function _checkSignature(address signer, bytes32 structHash, bytes calldata signature) private view {
        if (!WalletSignature.isValid(signer, _hashTypedDataV4(structHash), signature)) revert BadSignature(signer);
    }
}
