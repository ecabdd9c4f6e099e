package leak

// How far is looked. What lies beyond gives ErrDeep.
const (
	maxDepth  = 8       // wrappings inside each other
	maxUndone = 4 << 30 // bytes that one file may come to
	maxMember = 1 << 30 // bytes of one unpacked file
	maxForms  = 40      // readings of one stretch of text
	maxSteps  = 4       // ways of writing undone one after the other
	maxNames  = 24      // charsets named in one file

	stretch = 1 << 20  // bytes of text that are read together
	overlap = 64 << 10 // bytes that two stretches share; no needle in any writing is longer

	minRun  = 8  // characters of base64 or hex that are decoded
	longRun = 64 // of one that is looked into as a file of its own
	minBare = 6  // letters and digits of a needle that is looked for in the midst of words
)
