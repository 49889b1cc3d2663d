"""`python -m keras_bert_zoo` is `keras-bert-zoo`."""

from keras_bert_zoo.cli import main

main()
