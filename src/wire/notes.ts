/** What notes are about; what a note says is in its value. */
export const noteKinds = {
  /** Consent to a conversation: one byte. */
  conversationConsent: 1,
  /** Consent to an inbox: likewise. */
  inboxConsent: 2,
  /** What the person has begun to write in a conversation: UTF-8; empty: nothing. */
  draft: 4,
  /** How far the person has read a conversation: a place in its timeline. */
  readPosition: 5,
} as const;

export const NOTE_ID_BYTES = 16;
