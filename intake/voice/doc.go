// Package voice reads recordings: what the bytes say of their sound, the call
// that it is of, what browsers play, and which bytes carry which second. It
// also reads the pages of a Google Voice takeout, which tell of recordings,
// calls and text messages.
//
// The heads and frames of the formats are read here, by readers that hold no
// more than a window and a list of frames: [Pieces] needs every frame's place,
// which no library gives. Sound itself is decoded by ffmpeg alone, in the
// child's sandbox. A recording in a format that is not known here is asked of
// ffprobe.
//
// The invariant: whatever the bytes are, a reader takes time linear in them
// and says what is wrong; and nothing of a span that [Pieces] was asked for is
// in the bytes that it leaves.
package voice
