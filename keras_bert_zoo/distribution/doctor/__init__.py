"""What a place has for training, and what in it does not go together; all of it without Keras, which may be broken."""

from keras_bert_zoo.distribution.doctor.visit import doctor

__all__ = ["doctor"]
