// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title Inboxes: which wallets and which installations (Ed25519 keys) are one person's
/// @notice Every change is an EIP-712 message that anyone may relay. Events carry all that was signed, so that a
/// reader can check them without trusting whoever serves them (ERC-1271 wallets need the chain's state for that).
///
/// inbox id      = keccak256(abi.encode(first wallet, salt))
/// installation  signs (Ed25519) "weft.installation.v1" ‖ chain id (uint64) ‖ registry (20 bytes) ‖ inbox; this is not
///               checked here but by every client and node: an addition whose signature fails is void.
/// EIP-712       domain { name "Weft IdentityRegistry", version "2", chainId, verifyingContract }
///     AddInstallation(bytes32 inbox,bytes32 installation,bytes32 installationSignatureHash,address wallet,
///                     uint256 nonce,uint256 deadline)
///                 where installationSignatureHash = keccak256(the installation's signature), so that nobody who relays
///                 the message can swap it
///     RevokeInstallation(bytes32 inbox,bytes32 installation,address by)
///     LinkWallet(bytes32 inbox,address wallet,address by,uint256 nonce,uint256 deadline)
///     AcceptLink(bytes32 inbox,address wallet,address by,uint256 nonce,uint256 deadline)
///     UnlinkWallet(bytes32 inbox,address wallet,address by,uint256 nonce,uint256 deadline)
///     SetRecovery(bytes32 inbox,address recovery,address by,uint256 nonce,uint256 deadline)
///     VetoRecovery(bytes32 inbox,address recovery,address by,uint256 nonce,uint256 deadline)
///
/// history       every inbox has one word, the running hash of all its steps; it starts at zero. With
///               H(a, b) = keccak256(a ‖ b) of two words and `struct hash` as EIP-712 has it:
///     word'     H(word, step), its lowest 16 bits replaced by the number of steps so far
///     step      H(what, kind << 128 | block number << 64 | block.timestamp)
///     consent   H(struct hash of the message, keccak256(its signature))
///     what      the consent of  1 register: AddInstallation        2 addInstallation: AddInstallation
///                               3 revoke: RevokeInstallation       5 unlink: UnlinkWallet      7 veto: VetoRecovery
///                               4 link: H(consent to LinkWallet, consent to AcceptLink)
///                               6 propose: H(consent to SetRecovery, changesAt)
///               The salt is in the inbox id, the installation's signature in AddInstallation: a word covers all that an
///               event says. After MAX_HISTORY_STEPS steps only revocations are taken.
interface IIdentityRegistry {
    /// @param signer Who consents: an account by secp256k1 or a contract by ERC-1271.
    /// @param nonce Must equal `nonces(signer)`.
    /// @param deadline The last second (Unix time) at which it may land.
    /// @param signature r ‖ s ‖ v (65 bytes), or whatever the contract wallet understands.
    struct Authorization {
        address signer;
        uint256 nonce;
        uint256 deadline;
        bytes signature;
    }

    /// @param addedBy The wallet that added it; zero if unknown.
    /// @param addedBlock The block of its addition.
    /// @param revokedBlock The block of its revocation; zero while active.
    struct Installation {
        address addedBy;
        uint48 addedBlock;
        uint48 revokedBlock;
    }

    /// @param inbox The inbox that it is or was last linked to; zero if never.
    /// @param linkedBlock The block of that link.
    /// @param unlinkedBlock The block of its end; zero while linked.
    struct Wallet {
        bytes32 inbox;
        uint48 linkedBlock;
        uint48 unlinkedBlock;
    }

    /// @param recovery The recovery wallet in force now; zero if the inbox is unknown.
    /// @param createdBlock The block of its registration.
    /// @param activeInstallations Added and not revoked.
    /// @param pendingRecovery The proposed successor; zero if there is none.
    /// @param recoveryChangesAt The second (Unix time) from which the successor is in force.
    struct Inbox {
        address recovery;
        uint48 createdBlock;
        uint16 activeInstallations;
        address pendingRecovery;
        uint48 recoveryChangesAt;
    }

    event InboxRegistered(bytes32 indexed inbox, address indexed wallet, bytes32 salt);
    event InstallationAdded(
        bytes32 indexed inbox,
        bytes32 indexed installation,
        address indexed wallet,
        uint256 nonce,
        uint256 deadline,
        bytes installationSignature,
        bytes walletSignature
    );
    event InstallationRevoked(
        bytes32 indexed inbox, bytes32 indexed installation, address indexed by, bytes signature
    );
    event WalletLinked(
        bytes32 indexed inbox,
        address indexed wallet,
        address indexed by,
        uint256 walletNonce,
        uint256 walletDeadline,
        bytes walletSignature,
        uint256 byNonce,
        uint256 byDeadline,
        bytes bySignature
    );
    event WalletUnlinked(
        bytes32 indexed inbox,
        address indexed wallet,
        address indexed by,
        uint256 nonce,
        uint256 deadline,
        bytes signature
    );
    event RecoveryProposed(
        bytes32 indexed inbox,
        address indexed recovery,
        address indexed by,
        uint48 changesAt,
        uint256 nonce,
        uint256 deadline,
        bytes signature
    );
    event RecoveryVetoed(
        bytes32 indexed inbox,
        address indexed recovery,
        address indexed by,
        uint256 nonce,
        uint256 deadline,
        bytes signature
    );

    error Expired(uint256 deadline);
    /// @notice The message was used before, or an earlier one has yet to land.
    error BadNonce(address signer, uint256 current);
    error BadSignature(address signer);
    /// @notice The installation's signature is not 64 bytes long.
    error BadInstallationSignature();
    error InboxExists(bytes32 inbox);
    error UnknownInbox(bytes32 inbox);
    /// @notice A wallet is in one inbox at a time.
    error AlreadyLinked(address wallet, bytes32 inbox);
    /// @notice The wallet is not linked to this inbox.
    error NotLinked(address wallet);
    /// @notice The signer may not do this.
    error NotAllowed(address signer);
    error ZeroInstallation();
    error InstallationExists(bytes32 inbox, bytes32 installation);
    /// @notice Revocation is for ever; use a new key.
    error KeyRevoked(bytes32 inbox, bytes32 installation);
    error UnknownInstallation(bytes32 inbox, bytes32 installation);
    error TooManyInstallations();
    error ZeroRecovery();
    /// @notice No such change of the recovery wallet is pending.
    error NothingPending();
    /// @notice The inbox has taken MAX_HISTORY_STEPS steps: its installations can only be revoked.
    error HistoryFull(bytes32 inbox);

    /// @notice Creates the inbox of (wallet, salt) with its first installation; the wallet becomes its recovery wallet.
    /// @param wallet Signs AddInstallation for the inbox to be: that implies consent to create it.
    function register(
        bytes32 salt,
        bytes32 installation,
        bytes calldata installationSignature,
        Authorization calldata wallet
    ) external returns (bytes32 inbox);

    /// @param wallet Signs AddInstallation; must be linked to the inbox.
    function addInstallation(
        bytes32 inbox,
        bytes32 installation,
        bytes calldata installationSignature,
        Authorization calldata wallet
    ) external;

    /// @notice Revokes for ever. Needs neither nonce nor deadline; repeating it does nothing.
    /// @param by The wallet that added it (linked or not) or the recovery wallet; signs RevokeInstallation.
    function revokeInstallation(bytes32 inbox, bytes32 installation, address by, bytes calldata signature) external;

    /// @param by Signs LinkWallet; must be linked to the inbox.
    /// @param wallet Signs AcceptLink; must be in no inbox.
    function linkWallet(bytes32 inbox, Authorization calldata by, Authorization calldata wallet) external;

    /// @notice Ends a link; installations which the wallet added stay until they are revoked.
    /// @param by The wallet itself or the recovery wallet; signs UnlinkWallet.
    function unlinkWallet(bytes32 inbox, address wallet, Authorization calldata by) external;

    /// @notice Proposes a recovery wallet, in force RECOVERY_DELAY_SECONDS later; replaces an earlier proposal.
    /// @param by A linked wallet or the recovery wallet; signs SetRecovery.
    function setRecovery(bytes32 inbox, address newRecovery, Authorization calldata by) external;

    /// @notice Drops the pending proposal of `newRecovery`.
    /// @param by The recovery wallet that it would replace; signs VetoRecovery.
    function vetoRecovery(bytes32 inbox, address newRecovery, Authorization calldata by) external;

    function installations(bytes32 inbox, bytes32 key) external view returns (Installation memory);

    function wallets(address account) external view returns (Wallet memory);

    function inboxes(bytes32 id) external view returns (Inbox memory);

    /// @notice The inbox that a wallet is linked to now; zero if none.
    function inboxOf(address account) external view returns (bytes32);

    /// @notice The recovery wallet in force now; zero if the inbox is unknown.
    function recoveryOf(bytes32 id) external view returns (address);

    function activeInstallations(bytes32 id) external view returns (uint16);

    /// @notice The nonce that the signer's next message must carry.
    function nonces(address signer) external view returns (uint256);

    function inboxId(address firstWallet, bytes32 salt) external pure returns (bytes32);

    /// @notice The bytes that an installation signs with its Ed25519 key to enter this inbox.
    function installationMessage(bytes32 id) external view returns (bytes memory);

    /// @notice The running hash of each inbox's history; zero if unknown. Its lowest 16 bits count the steps.
    function historyWords(bytes32[] calldata ids) external view returns (bytes32[] memory);

    /// @notice What `inboxOf` says of each account.
    function inboxesOf(address[] calldata accounts) external view returns (bytes32[] memory);

    function MAX_HISTORY_STEPS() external view returns (uint16);

    function MAX_ACTIVE_INSTALLATIONS() external view returns (uint16);

    function RECOVERY_DELAY_SECONDS() external view returns (uint48);
}
