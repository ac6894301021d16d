package licensing

const (
	codeOfNothing = "DNBT-JRLH"
	codeOfMuch    = "FXBN-XKGW"
)
