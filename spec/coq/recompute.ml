(* Reads lines `KIND ARGUMENTS = ANSWER`, recomputes each answer by the functions that Coq extracted to formulas.ml, and prints how
   many of each kind there were. The first line that differs ends it with status 1, and so does no line at all; one that it cannot read or
   whose numbers are too large for it ends it with status 2. The kinds are those of Vectors.v but for `groups` and `sets`, and:
     contains n S c d a b             1 where a/b is in the confidence set after S of n trials at alpha = c/d, else 0
     decide bound n S c d a b e g     2 where the claim a/b within e/g is refuted, 1 where it passes, else 0; bound is 1 for a claim
                                      that the rate is at most a/b, and 0 for one that it equals a/b
     shuffle n w1 w2 ...              the n samples that words of 64 bits deal, as the digits of a number in base n, the first one first
   A line of a certificate is what `sim plan --certificate` writes, followed by ` = 1`. *)
open Formulas

exception Unreadable of string
exception Differs of string

let number text =
  match Z.of_string text with
  | n when Z.sign n >= 0 -> n
  | _ | exception Invalid_argument _ -> raise (Unreadable ("not a number: " ^ text))

(* an index or a size: OCaml's int, far from its end *)
let small n = if Z.leq n (Z.shift_left Z.one 30) then Z.to_int n else raise (Unreadable "an index above 2^30")
let bit b = if b then Z.one else Z.zero

let shuffled n words =
  let pool = List.init (small n) Z.of_int in
  match shuffleN (Z.shift_left Z.one 64) pool words with
  | Some samples -> List.fold_left (fun digits sample -> Z.add (Z.mul digits n) sample) Z.zero samples
  | None -> raise (Unreadable "the words run out")

let answer kind arguments =
  match (kind, arguments) with
  | "binomial", [ n; k ] -> binN n (small k)
  | "wins", [ r; b; t'; s; m; t; k ] -> countN r (small b) t' 1 m t (small s) (small k)
  | "accepted", [ r; b; t'; s; m; t; k ] -> countN r (small b) t' 0 m t (small s) (small k)
  | "touch", [ r; b; t; k ] -> touchN r (small b) t (small k)
  | "swapped", [ r; t; s; w; n ] -> swappedN (small r) (small t) (small s) w n
  | "certificate", [ r; lambda; min_t; b; t; l; m ] ->
      bit (checkN r (Z.shift_left Z.one (small lambda)) min_t (small b) (small t) (small l) (small m))
  | "contains", [ n; s; c; d; a; b ] -> bit (containsN n (small s) c d a b)
  | "decide", [ bound; n; s; c; d; a; b; e; g ] -> decideN n (small s) c d (Z.equal bound Z.one) a b e g
  | "shuffle", n :: words -> shuffled n words
  | _ -> raise (Unreadable ("no such kind: " ^ kind ^ " with " ^ string_of_int (List.length arguments) ^ " numbers"))

let counts = Hashtbl.create 20
let count key = Hashtbl.replace counts key (1 + Stdlib.Option.value ~default:0 (Hashtbl.find_opt counts key))

let check line =
  match String.split_on_char ' ' line with
  | kind :: words -> (
      match List.rev words with
      | given :: "=" :: arguments ->
          let ours = answer kind (List.rev_map number arguments) in
          if not (Z.equal ours (number given)) then raise (Differs ("Coq says " ^ Z.to_string ours));
          let decided = List.mem kind [ "certificate"; "contains"; "decide" ] in
          count (if decided then kind ^ "=" ^ given else kind)
      | _ -> raise (Unreadable "no ` = ANSWER` at the end"))
  | [] -> raise (Unreadable "an empty line")

let () =
  (try
     while true do
       let line = input_line stdin in
       let refuse status why = Printf.eprintf "%s: %s\n" line why; exit status in
       match check line with
       | () -> ()
       | exception Differs why -> refuse 1 why
       | exception Unreadable why -> refuse 2 why
       | exception (Stack_overflow | Failure _) -> refuse 2 "an index is too large"
     done
   with End_of_file -> ());
  let lines = Hashtbl.fold (fun key n all -> Printf.sprintf "%s %d" key n :: all) counts [] in
  if lines = [] then (prerr_endline "no line was read"; exit 1);
  List.iter print_endline (List.sort compare lines)
