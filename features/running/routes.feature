@running @routes
Feature: The routes
  What is served beside the API is served as the web has it: who wants the head alone gets it, and a GET changes nothing.

  Background:
    Given the studio

  @R10.02
  Scenario Outline: A head says what the whole page says
    Then the operator gets the head of <page> without its body

    Examples:
      | page                          |
      | the public keys               |
      | the keys of the log           |
      | the checkpoint of the log     |
      | a tile of the log             |
      | a bundle of the log's entries |
      | the livez page                |
      | the readyz page               |
      | the metrics                   |

  @R10.02 @R4.02
  Scenario: A head says what the bytes of a picture are
    Given L2-CHAR-001 has made the fox picture
    Then ARTEMIS gets the head of the fox picture without its bytes

  @R10.02
  Scenario: A query can be asked by GET, a change cannot
    When L2-CHAR-001 asks who it is by GET
    Then it is told by GET that it is L2-CHAR-001
    When L2-CHAR-001 revokes its sessions by GET
    Then it is told to use POST
    And L2-CHAR-001 is let in
