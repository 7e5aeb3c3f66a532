(* The shuffle of Shuffle.v over binary numbers, for words of any number of bits. Proved here:
   - accept_computed: acceptN is the rule for one word [mix/deck.rs: accept_word];
   - shuffle_computed: shuffleN deals what the shuffle deals [Deck::deal, with uniform_below]. *)
Require Import NArith Arith Lia.
From mathcomp Require Import all_ssreflect.
Require Import Shuffle Computed.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.

Local Notation N := BinNums.N.
Local Notation "n %:B" := (N.of_nat n) (at level 2, format "n %:B").

Definition acceptN (M n w : N) : option N :=
  let low := N.modulo (N.mul w n) M in
  if N.leb n low || N.leb (N.modulo (N.sub M n) n) low then Some (N.div (N.mul w n) M) else None.

Fixpoint shuffleN (M : N) (pool ws : seq N) {struct ws} : option (seq N) :=
  if pool is [::] then Some [::] else
  if ws is w :: ws' then
    if acceptN M (size pool)%:B w is Some c
    then omap (cons (nth N0 pool (N.to_nat c))) (shuffleN M (rest N0 pool (N.to_nat c)) ws')
    else shuffleN M pool ws'
  else None.

Lemma modNE a b : 0 < b -> N.modulo a%:B b%:B = (a %% b)%:B.
Proof.
move=> b0; symmetry; apply: (N.mod_unique _ _ (a %/ b)%:B).
  by apply/N.ltb_lt; rewrite ltbN ltn_pmod.
by rewrite mulNE addNE mulnC -divn_eq.
Qed.
Lemma divNE a b : 0 < b -> N.div a%:B b%:B = (a %/ b)%:B.
Proof.
move=> b0; symmetry; apply: (N.div_unique _ _ _ (a %% b)%:B).
  by apply/N.ltb_lt; rewrite ltbN ltn_pmod.
by rewrite mulNE addNE mulnC -divn_eq.
Qed.

Theorem accept_computed M n w : 0 < n -> n <= M -> acceptN M%:B n%:B w%:B = omap N.of_nat (accept_word M n w).
Proof.
move=> n0 nM; have M0 := leq_trans n0 nM.
by rewrite /acceptN /accept_word mulNE subNE !modNE // divNE // !lebN; case: ifP.
Qed.

Theorem shuffle_computed M pool (ws : seq 'I_M) : size pool <= M ->
  shuffleN M%:B pool (map (fun w : 'I_M => (w : nat)%:B) ws) = shuffle N0 pool ws.
Proof.
elim: ws pool => [|w ws IH] [|x pool'] // le.
set pool := x :: pool' in le *; have n0 : 0 < size pool by [].
have stepN : shuffleN M%:B pool ((w : nat)%:B :: map (fun w : 'I_M => (w : nat)%:B) ws) =
  if acceptN M%:B (size pool)%:B (w : nat)%:B is Some c
  then omap (cons (nth N0 pool (N.to_nat c)))
    (shuffleN M%:B (rest N0 pool (N.to_nat c)) (map (fun w : 'I_M => (w : nat)%:B) ws))
  else shuffleN M%:B pool (map (fun w : 'I_M => (w : nat)%:B) ws) by [].
have step : shuffle N0 pool (w :: ws) = if accept_word M (size pool) w is Some c
  then omap (cons (nth N0 pool c)) (shuffle N0 (rest N0 pool c) ws) else shuffle N0 pool ws by [].
rewrite [map _ _]/= stepN step accept_computed //.
case a: (accept_word _ _ w) => [c|] /=; last exact: IH.
have cn := accepted_below n0 le (ltn_ord w) a.
by rewrite Nat2N.id IH // size_rest // (leq_trans (leq_pred _)).
Qed.
