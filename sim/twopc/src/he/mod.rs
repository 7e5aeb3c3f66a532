//! Ring learning with errors: encryption of polynomials, products with plaintext polynomials.
