package opentimestamps

// Apply is apply, for tests.
var Apply = apply
