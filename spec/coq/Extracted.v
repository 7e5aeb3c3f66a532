(* The functions that Computed.v, SlackCertificate.v, Games.v, Pool.v, Flaky.v, Scattered.v, Retries.v, Unmasked.v, Decided.v, Sharp.v and Dealt.v prove to be the formulas, the rule and the shuffle, and the machine of Machine.v, extracted to OCaml. scripts/proofs.sh lets them
   recompute Rust's answers on random numbers, and check certificates of `sim plan --certificate`.

   What is trusted here beyond Coq's kernel and extraction, and listed nowhere else:
   - ExtrOcamlBasic: bool, option, list and pairs are OCaml's;
   - ExtrOcamlNatInt: nat is OCaml's int of 63 bits; only indices and small sizes are nat, and recompute.ml admits none above 2^30, but for the numbers of copies and publics of a certificate, which are only compared and converted, and are refused beyond an int;
   - ExtrOcamlZBigInt: positive, N and Z are Zarith's integers (GMP), with its addition, multiplication, comparison and division;
   - the lines below: MathComp's operations on nat, the conversions between nat and N, and powers of N (GMP's, at exponents of an int), written out in OCaml. *)
Require Import NArith.
From mathcomp Require Import ssreflect ssrfun ssrbool eqtype ssrnat seq div.
Require Import Shuffle Computed SlackCertificate Games Pool Flaky Scattered Retries Unmasked Decided Sharp Dealt Machine.
Require Import Extraction ExtrOcamlBasic ExtrOcamlNatInt ExtrOcamlZBigInt.
Extract Constant N.of_nat => "Big_int_Z.big_int_of_int".
Extract Constant N.to_nat => "Big_int_Z.int_of_big_int".
Extract Constant N.pow => "Big_int_Z.power_big_int_positive_big_int".
Extract Constant ssrnat.addn => "(+)".
Extract Constant ssrnat.muln => "( * )".
Extract Constant ssrnat.subn => "(fun a b -> if a < b then 0 else a - b)".
Extract Constant ssrnat.leq => "(fun (a : int) b -> a <= b)".
Extract Constant div.divn => "(fun a b -> if b = 0 then 0 else a / b)".
Extract Constant N.div => "(fun a b -> if Big_int_Z.sign_big_int b = 0 then Big_int_Z.zero_big_int else Big_int_Z.div_big_int a b)".
Extraction "formulas.ml" binN countN touchN swappedN checkN slackCheckN floorN ceilingN poolN flakyN flakyRightN scatteredN retriesN unmaskedN containsN decideN decideSharpN shuffleN steps last_state.
