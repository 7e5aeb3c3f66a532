(* Reads lines `KIND ARGUMENTS = ANSWER`, recomputes each answer by the functions that Coq extracted to formulas.ml, and prints how
   many of each kind there were. The first line that differs ends it with status 1, and so does no line at all; one that it cannot read or
   whose numbers are too large for it ends it with status 2. The kinds are those of Vectors.v but for `groups` and `sets`, and:
     contains n S c d a b             1 where a/b is in the confidence set after S of n trials at alpha = c/d, else 0
     decide bound n S c d a b e g     2 where the claim a/b within e/g is refuted, 1 where it passes, else 0; bound is 1 for a claim
                                      that the rate is at most a/b, and 0 for one that it equals a/b; as runs before semantics 6 decide
     sharp bound n S c d a b e g      the same by the likelihood ratio, as runs decide since
     shuffle n w1 w2 ...              the n samples that words of 64 bits deal, as the digits of a number in base n, the first one first
     machine R B T s EVENTS           what the client does at each event of a session, and its state at the end, as spec/src/lockstep.rs writes them
     slack_certificate R lambda s min_T max_T B T b l q c j1 t1 j2 t2 ...    1 where SlackCertificate.v accepts it, else 0
     pool Q y P x R B T s k   the draws and sets of k slots of an act that changes y of Q queries and x of P publics, with which it wins
     flaky R B T s a b       the draws of an answer each, b^N in all, with which a server that errs on a of b is accepted
     flaky_right R B T s a b the same with every query right beside
     scattered lo R B T s c k   C(N,k) c^(R(B-1)) times the rate at which k slots with one of c wrong labels each win, or with lo = 0 are accepted
     retries stop m n d q    d^q times a rate of q sessions, each won in m of d cases and harmless in n: stop = 0 for a win until the first that is accepted,
                             1 for being caught until the first that is rejected, 2 for a win in any of them
     unmasked R B T c        c C(N,c) times the rate at which a server that sees which of c slots hold the same sample answers a public wrongly
     floor n w lambda s T    1 where T publics are the fewest at which a model that errs on w of n inputs passes with at most 2^-lambda, else 0
     ceiling n w kappa s T   1 where T publics are the most at which it fails with at most 2^-kappa, else 0
   A line of a certificate is what `sim plan --certificate` writes. *)
open Formulas

exception Unreadable of string
exception Differs of string

let integer text = try Z.of_string text with Invalid_argument _ -> raise (Unreadable ("not a number: " ^ text))

let number text =
  let n = integer text in
  if Z.sign n >= 0 then n else raise (Unreadable ("a negative number: " ^ text))

(* an index or a size: OCaml's int, far from its end *)
let small n = if Z.leq n (Z.shift_left Z.one 30) then Z.to_int n else raise (Unreadable "an index above 2^30")
(* a number of copies or publics of a certificate, over which nothing is built or walked *)
let wide n = if Z.fits_int n then Z.to_int n else raise (Unreadable "a number of copies or publics of more than 62 bits")
let bit b = if b then Z.one else Z.zero

let shuffled n words =
  let pool = List.init (small n) Z.of_int in
  match shuffleN (Z.shift_left Z.one 64) pool words with
  | Some samples -> List.fold_left (fun digits sample -> Z.add (Z.mul digits n) sample) Z.zero samples
  | None -> raise (Unreadable "the words run out")

(* A session: events as numbers, one after the other; `sample` is a sample's number, and `index` the other way round. *)
let sample (where : setting) n =
  if n < where.queries * where.copies then Copy (n / where.copies, n mod where.copies) else Public (n - (where.queries * where.copies))
let index where = function Copy (r, b) -> (r * where.copies) + b | Public t -> (where.queries * where.copies) + t

let rec split n numbers =
  match (n, numbers) with
  | 0, rest -> ([], rest)
  | n, x :: rest -> let front, rest = split (n - 1) rest in (x :: front, rest)
  | _, [] -> raise (Unreadable "an event is cut off")

let setting = function [ queries; copies; publics; slack ] -> { queries; copies; publics; slack } | _ -> raise (Unreadable "no setting")

let rec events = function
  | [] -> []
  | 0 :: rest ->
      let numbers, rest = split 4 rest in
      let where = setting numbers in
      let order, rest = split (total where) rest in
      let counted, rest = split 1 rest in
      let known, rest = split (List.hd counted) rest in
      Prepare (where, List.map (sample where) order, known) :: events rest
  | 1 :: rest -> Query :: events rest
  | 2 :: slot :: label :: rest -> Answer (slot, label) :: events rest
  | 3 :: slot :: rest -> Undecodable slot :: events rest
  | 4 :: rest -> Garbage :: events rest
  | 5 :: rest -> ServerStop :: events rest
  | 6 :: rest -> Timeout :: events rest
  | 7 :: rest -> ClientStop :: events rest
  | 8 :: rest -> Check :: events rest
  | 9 :: rest -> FailedProof :: events rest
  | _ -> raise (Unreadable "no such event")

let reason = function PublicWrong -> 0 | CopiesDisagree -> 1 | Malformed -> 2 | PeerGone -> 3 | Cheating -> 4
let mistake = function ForeignMix -> 0 | KnownResults -> 1 | AlreadyPrepared -> 2 | NothingToQuery -> 3 | EarlyCheck -> 4 | Over -> 5
let done_ where = function
  | Nothing -> [ 0 ]
  | Send (slot, content) -> [ 1; slot; index where content ]
  | Conclude (Rejected why) -> [ 2; reason why ]
  | Conclude (Accepted labels) -> 3 :: List.length labels :: labels
  | Withdraw -> [ 4 ]
  | Illegal what -> [ 5; mistake what ]
let reached = function
  | Idle _ -> ("idle", [ 0 ])
  | Mixed session -> ("open", [ 1; session.missing ])
  | Ended HasAccepted -> ("accepted", [ 2 ])
  | Ended (HasRejected PublicWrong) -> ("public_wrong", [ 3 ])
  | Ended (HasRejected CopiesDisagree) -> ("copies_disagree", [ 4 ])
  | Ended (HasRejected Malformed) -> ("malformed", [ 5 ])
  | Ended (HasRejected PeerGone) -> ("peer_gone", [ 6 ])
  | Ended (HasRejected Cheating) -> ("cheating", [ 7 ])
  | Ended HasWithdrawn -> ("withdrawn", [ 8 ])

(* numbers below 2^32 as the digits of one number, behind a 1 *)
let written numbers =
  let bytes = Buffer.create 256 in
  let number n = if n lsr 32 = 0 then Buffer.add_int32_le bytes (Int32.of_int n) else raise (Unreadable "a number of more than 32 bits") in
  List.iter number (List.rev numbers);
  Buffer.add_char bytes '\001';
  Z.of_bits (Buffer.contents bytes)

(* what a session's client does, and how the session ends *)
let session numbers =
  let first, rest = split 4 (List.map small numbers) in
  let where = setting first and same (a : int) b = a = b in
  let happened = events rest in
  let ending, final = reached (last_state same (Idle where) happened) in
  (ending, written (List.concat_map (done_ where) (steps same (Idle where) happened) @ final))

let rec intervals = function
  | [] -> []
  | j :: t :: rest -> (small j, wide t) :: intervals rest
  | _ -> raise (Unreadable "an interval is cut off")

let answer kind arguments =
  match (kind, arguments) with
  | "binomial", [ n; k ] -> binN n (small k)
  | "wins", [ r; b; t'; s; m; t; k ] -> countN r (small b) t' 1 m t (small s) (small k)
  | "accepted", [ r; b; t'; s; m; t; k ] -> countN r (small b) t' 0 m t (small s) (small k)
  | "touch", [ r; b; t; k ] -> touchN r (small b) t (small k)
  | "swapped", [ r; t; s; w; n ] -> swappedN (small r) (small t) (small s) w n
  | "certificate", [ r; lambda; min_t; b; t; l; m ] ->
      bit (checkN r (Z.shift_left Z.one (small lambda)) min_t (wide b) (wide t) (wide l) (wide m))
  | "slack_certificate", r :: lambda :: s :: min_t :: max_t :: b :: t :: bb :: l :: q :: c :: cover ->
      let threshold = Z.shift_left Z.one (small lambda) in
      bit (slackCheckN r threshold (small s) min_t max_t (wide b) (wide t) (wide bb) (wide l) (wide q) (intervals cover) (small c))
  | "pool", [ q; y; p; x; r; b; t; s; k ] -> poolN q y p x (small r) (small b) (small t) 1 (small s) (small k)
  | "flaky", [ r; b; t; s; a; d ] -> flakyN (small r) (small b) (small t) (small s) a d
  | "flaky_right", [ r; b; t; s; a; d ] -> flakyRightN (small r) (small b) (small t) (small s) a d
  | "scattered", [ lo; r; b; t; s; c; k ] -> scatteredN (small r) (small b) (small t) (small s) c (small lo) (small k)
  | "unmasked", [ r; b; t; c ] -> unmaskedN (small r) (small b) (small t) (small c)
  | "retries", [ stop; m; n; d; q ] -> retriesN (small stop) m n d (small q)
  | "floor", [ n; w; lambda; s; t ] -> bit (floorN n w (Z.shift_left Z.one (small lambda)) (small s) (small t))
  | "ceiling", [ n; w; kappa; s; t ] -> bit (ceilingN n w (Z.shift_left Z.one (small kappa)) (small s) (small t))
  | "contains", [ n; s; c; d; a; b ] -> bit (containsN n (small s) c d a b)
  | "decide", [ bound; n; s; c; d; a; b; e; g ] -> decideN n (small s) c d (Z.equal bound Z.one) a b e g
  | "sharp", [ bound; n; s; c; d; a; b; e; g ] -> decideSharpN n (small s) c d (Z.equal bound Z.one) a b e g
  | "shuffle", n :: words -> shuffled n words
  | _ -> raise (Unreadable ("no such kind: " ^ kind ^ " with " ^ string_of_int (List.length arguments) ^ " numbers"))

(* A wrong answer may also be negative, or a fraction where Coq counts. *)
let equals ours given =
  match String.split_on_char '/' given with
  | [ whole ] -> Z.equal ours (integer whole)
  | [ above; below ] -> Z.equal (Z.mul ours (integer below)) (integer above)
  | _ -> raise (Unreadable ("not a number: " ^ given))

let counts = Hashtbl.create 20
let count key = Hashtbl.replace counts key (1 + Stdlib.Option.value ~default:0 (Hashtbl.find_opt counts key))

let check line =
  match String.split_on_char ' ' line with
  | kind :: words -> (
      match List.rev words with
      | given :: "=" :: arguments ->
          let arguments = List.rev_map number arguments in
          let ending, ours = if kind = "machine" then session arguments else ("", answer kind arguments) in
          let shown () = if kind = "machine" then Z.format "%#x" ours else Z.to_string ours in
          if not (equals ours given) then raise (Differs ("Coq says " ^ shown ()));
          let decided = List.mem kind [ "certificate"; "slack_certificate"; "floor"; "ceiling"; "contains"; "decide"; "sharp" ] in
          count (if decided then kind ^ "=" ^ given else if kind = "machine" then "machine=" ^ ending else kind)
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
