@assets @bytes
Feature: The bytes of assets
  An asset is registered, and its bytes are put once by whoever made it. They come back as they went in, and nothing in them can run.

  Background:
    Given the studio

  @R4.01 @R4.02
  Scenario: A picture is registered, uploaded and downloaded
    Given the portrait task of L2-CHAR-001 is IN_PROGRESS
    When L2-CHAR-001 registers the fox picture of the portrait task
    Then the fox picture is GENERATED
    And the fox picture was made by L2-CHAR-001 for the portrait task
    And the fox picture is to be had from the server itself
    When L2-CHAR-001 uploads "a fox" as the fox picture
    Then the request succeeds
    And the fox picture has 5 bytes and the hash "5ebbe2a2650a5e157c4f8e6720167485236ce883498722718171efe14efab41c"
    When ARTEMIS downloads the fox picture
    Then it gets "a fox"

  @R4.01
  Scenario: A picture says how large it is
    When L2-CHAR-001 registers the fox picture of 640 by 480 pixels
    Then the fox picture is 640 pixels wide and 480 high

  @R4.02
  Scenario: A large picture comes back whole
    Given L2-CHAR-001 registers the fox picture
    When L2-CHAR-001 uploads 12 megabytes as the fox picture
    Then the request succeeds
    When L2-CHAR-001 downloads the fox picture
    Then it gets 12 megabytes

  @R4.02
  Scenario: Other bytes than those registered are refused and not kept
    Given L2-CHAR-001 registers the fox picture with the hash "0000000000000000000000000000000000000000000000000000000000000000"
    When L2-CHAR-001 uploads "a fox" as the fox picture
    Then it is refused with BAD_USER_INPUT
    And the server keeps the bytes of no pictures

  @R4.02
  Scenario: More bytes than were registered are refused
    Given L2-CHAR-001 registers the fox picture of 4 bytes
    When L2-CHAR-001 uploads "a fox" as the fox picture
    Then it is refused with BAD_USER_INPUT
    And the server keeps the bytes of no pictures

  @R4.02 @R10.05
  Scenario: A picture that is too large is refused before a byte of it is sent
    When L2-CHAR-001 registers the fox picture of 67108865 bytes
    Then it is refused with LIMIT_EXCEEDED

  @R4.02
  Scenario: The same bytes may be sent again, others not
    Given L2-CHAR-001 has made the fox picture
    When L2-CHAR-001 uploads "a fox" as the fox picture
    Then the request succeeds
    When L2-CHAR-001 uploads "a goose" as the fox picture
    Then it is refused with CONFLICT
    When L2-CHAR-001 downloads the fox picture
    Then it gets "a fox"
    And the server keeps the bytes of one picture

  @R4.02
  Scenario: Nobody but the maker uploads
    Given L2-CHAR-001 registers the fox picture
    When ARTEMIS uploads "a goose" as the fox picture
    Then it is refused with FORBIDDEN
    When L2-MUSIC-001 uploads "a goose" as the fox picture
    Then it is refused with NOT_FOUND
    When a stranger uploads "a goose" as the fox picture
    Then it is refused with UNAUTHENTICATED

  @R4.02
  Scenario Outline: What a browser could run is served as plain bytes
    Given L2-CHAR-001 has made the fox picture of the type "<registered>"
    When L2-CHAR-001 downloads the fox picture
    Then it is served as "<served>"
    And no browser would run it or guess what it is

    Examples:
      | registered               | served                   |
      | image/png                | image/png                |
      | text/plain               | text/plain               |
      | text/html                | application/octet-stream |
      | image/svg+xml            | application/octet-stream |
      | application/javascript   | application/octet-stream |

  @R4.01
  Scenario: A picture may live elsewhere
    When L2-CHAR-001 registers the fox picture at "https://pictures.example/fox.png"
    Then the fox picture is to be had at "https://pictures.example/fox.png"
    When L2-CHAR-001 uploads "a fox" as the fox picture
    Then it is refused with CONFLICT
    When L2-CHAR-001 downloads the fox picture
    Then it is refused with NOT_FOUND

  @R4.01
  Scenario Outline: A registration that says something wrong is refused
    When L2-CHAR-001 registers the fox picture <wrongly>
    Then it is refused with BAD_USER_INPUT

    Examples:
      | wrongly                                  |
      | of the type "picture"                    |
      | at "file:///etc/passwd"                  |
      | at "https://user:secret@pictures.example/fox" |
      | with the hash "F0"                       |

  @R4.01
  Scenario: Pictures are made for tasks that one is doing
    Given the portrait task of L2-CHAR-001 is ASSIGNED
    When L2-CHAR-001 registers the fox picture of the portrait task
    Then it is refused with CONFLICT
    When ARTEMIS registers the fox picture of the portrait task
    Then it is refused with FORBIDDEN

  @R4.02 @R3.11
  Scenario: Once its task is handed in nothing is uploaded any more
    Given the portrait task of L2-CHAR-001 is IN_PROGRESS
    And L2-CHAR-001 registers the fox picture of the portrait task
    And L2-CHAR-001 completes the portrait task
    When L2-CHAR-001 uploads "a fox" as the fox picture
    Then it is refused with CONFLICT
