(* Values for Rust to meet bit for bit, computed by the functions that Computed.v proves to be the formulas of the theorems.
   Each vector is (kind, arguments, value). scripts/proofs.sh makes spec/coq/vectors.txt of them; coq_vectors.rs reads it.
     binomial n k            C(n,k)
     groups R B T i          C(R,i); the chance of success is this over C(RB+T,iB), a `sets` vector
     sets R B T i            C(RB+T,iB)
     wins R B T s m t k      W(k|m,t,s)
     accepted R B T s m t k  the same, with or without a wrong answer
     touch R B T k           the k-sets that hold all copies of some query
     swapped R T s w n      the draws of R queries and T publics from n inputs with which a function wrong on w of them wins
     certificate R lambda minT B T b l   1 where all five comparisons hold, else 0 *)
Require Import NArith List String.
From mathcomp Require Import ssreflect ssrfun ssrbool ssrnat.
Require Import Computed.
Import ListNotations.
Open Scope string_scope.
Open Scope N_scope.
Open Scope list_scope.

Definition nat_ := N.to_nat.
Definition binomial n k := ("binomial", [n; k], binN n (nat_ k)).
Definition groups R B T i := ("groups", [R; B; T; i], binN R (nat_ i)).
Definition sets R B T i := ("sets", [R; B; T; i], binN (R * B + T) (nat_ (i * B))).
Definition wins R B T s m t k := ("wins", [R; B; T; s; m; t; k], countN R (nat_ B) T 1 m t (nat_ s) (nat_ k)).
Definition accepted R B T s m t k := ("accepted", [R; B; T; s; m; t; k], countN R (nat_ B) T 0 m t (nat_ s) (nat_ k)).
Definition touch R B T k := ("touch", [R; B; T; k], touchN R (nat_ B) T (nat_ k)).
Definition swapped R T s w n := ("swapped", [R; T; s; w; n], swappedN (nat_ R) (nat_ T) (nat_ s) w n).
Definition certificate R lambda minT B T b l := ("certificate", [R; lambda; minT; B; T; b; l],
  if checkN R (2 ^ lambda) minT (nat_ B) (nat_ T) (nat_ b) (nat_ l) then 1 else 0).

Definition upto n := map N.of_nat (seq 0 (S n)).
Definition both R B T s m t k := [wins R B T s m t k; accepted R B T s m t k].

(* Every deviation of one small setting, at one slack. *)
Definition all_deviations R B T s :=
  flat_map (fun m => flat_map (fun t => flat_map (fun k => both R B T s m t k)
    (upto (nat_ (R * B + T)))) (upto (nat_ T))) (upto (nat_ R)).
Definition full R B T s ks := flat_map (fun k => both R B T s R T k) ks.
Definition shares R B T l := flat_map (fun i => [groups R B T i; sets R B T i]) l.

Definition vectors :=
  map (binomial 20) (upto 20) ++ map (binomial 164) [8; 16; 64; 100] ++ map (binomial (2 ^ 62)) [1; 2; 7; 20] ++
  (* R = 8, B = 2, T = 4: 4/95 and 28/4845, touch bound 12/95 and 1196/4845. *)
  shares 8 2 4 (upto 8) ++ full 8 2 4 0 (upto 20) ++ full 8 2 4 1 (upto 20) ++ map (touch 8 2 4) (upto 20) ++
  (* Small settings whole; slack below B and beyond it. *)
  all_deviations 2 2 1 0 ++ all_deviations 2 2 1 1 ++ all_deviations 3 1 2 2 ++ all_deviations 2 3 2 1 ++
  all_deviations 3 2 2 2 ++ map (touch 3 2 2) (upto 8) ++ map (touch 2 3 2) (upto 8) ++ map (touch 3 1 2) (upto 5) ++
  (* The published triples, with slack and with neutral slots. *)
  shares 8 8 100 [1; 2; 4; 7; 8] ++ shares 32 7 100 [1; 2; 16; 31; 32] ++ shares 128 6 100 [1; 2; 3] ++
  shares 512 5 100 [1; 2; 3] ++ shares 8192 4 100 [1; 2; 3] ++ shares (2 ^ 19) 3 100 [1; 2; 3] ++
  shares (2 ^ 30) 6 5 [1; 2; 3] ++
  full 8 8 100 0 [8; 64] ++ full 8 8 100 1 [8; 9; 64; 65] ++ full 8 8 100 3 [8; 9; 10; 11; 64; 65; 66; 67] ++
  full 8 8 100 20 [8; 16; 28; 70; 84] ++ full 32 7 100 2 [7; 8; 9; 224; 226] ++
  both 8 8 100 0 5 30 40 ++ both 8 8 100 3 5 30 40 ++ both 8 8 100 13 8 20 164 ++ both 32 7 100 2 20 10 30 ++
  full (2 ^ 19) 3 100 2 [3; 4; 5; 6; 30] ++ full (2 ^ 30) 6 5 1 [6; 7; 12; 13] ++
  both (2 ^ 30) 6 5 1 (2 ^ 29) 3 20 ++ both (2 ^ 19) 3 100 2 1000 40 30 ++
  map (touch 8 8 100) [7; 8; 16; 64; 164] ++ map (touch (2 ^ 19) 3 100) [2; 3; 6; 30] ++ map (touch (2 ^ 30) 6 5) [6; 20] ++
  (* A swapped function at the published settings, near the worst fraction of inputs; with slack; at the edges. *)
  [ swapped 8 4 0 13 100; swapped 8 100 0 1 104; swapped 512 100 0 1 283; swapped 8 100 3 3 100; swapped 3 5 2 2 7;
    swapped 1 1 0 1 2; swapped 2 3 0 0 5; swapped 2 3 0 5 5; swapped 2 3 3 5 5 ] ++
  (* The optimum for each published R, with T free and with T >= 100; further goals; then claims that are false. *)
  [ certificate 8 40 0 10 14 10 9; certificate 32 40 0 8 7 7 6; certificate 128 40 0 6 5 5 4;
    certificate 512 40 0 5 4 4 3; certificate 8192 40 0 4 3 3 2; certificate (2 ^ 19) 40 0 3 2 2 1;
    certificate 8 40 100 8 100 7 7; certificate 32 40 100 7 100 6 5; certificate 128 40 100 6 100 5 4;
    certificate 512 40 100 5 100 4 3; certificate 8192 40 100 4 100 3 2; certificate (2 ^ 19) 40 100 3 100 2 1;
    certificate (2 ^ 30) 128 0 6 5 5 4; certificate 100 128 0 17 47 17 16; certificate 1 128 0 64 68 65 65;
    certificate 1 3 0 2 3 2 2;
    certificate 8 40 0 11 6 10 9; certificate 8 40 0 10 15 10 9; certificate 8 40 15 10 14 10 9;
    certificate 8 40 0 10 14 11 9; certificate 8 40 0 10 14 47 9; certificate 8 40 0 10 14 9 9;
    certificate 8 40 0 10 14 10 10; certificate 1 3 0 3 2 2 2; certificate (2 ^ 30) 128 0 6 5 4 4 ].

Compute List.length vectors.
Compute vectors.
